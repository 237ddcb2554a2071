"""Times several pieces of work in turns, so that a temporary slowdown of the machine affects all alike."""

from __future__ import annotations

import statistics
import time
from typing import Any, Callable, Mapping, TypeVar

from tqdm import tqdm

Name = TypeVar("Name")


def median_seconds(
    work: Mapping[Name, Callable[[], Any]], rounds: int, warm_up: int = 2, title: str = "rounds"
) -> dict[Name, float]:
    """Median seconds of each piece of work.

    Args:
        work: functions, each called once per round, in this order.
        rounds: number of timed rounds.
        warm_up: number of rounds before those, in which functions are traced.
        title: title of the progress bar.
    """
    seconds: dict[Name, list[float]] = {name: [] for name in work}
    for round_ in tqdm(range(-warm_up, rounds), desc=title, unit=" rounds", dynamic_ncols=True):
        for name, do in work.items():
            began = time.perf_counter()
            do()
            if round_ >= 0:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) for name, each in seconds.items()}
