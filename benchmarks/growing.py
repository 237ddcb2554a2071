"""Measures sizes from the smallest to the largest, and projects those that would take too long."""

from __future__ import annotations

import statistics
import time
from typing import Any, Callable

from benchmarks.cells import Row
from holle_tf.system.memory import peak_memory_mb, reset_peak_memory


def grow(sizes: list[int], measured: Callable[[int], list[float]], limit: float, base: float) -> list[Row]:
    """A row for each size.

    Args:
        sizes: sizes in ascending order.
        measured: size -> seconds of several calls, of which the median counts.
        limit: seconds; a size that would take longer, at the rate of growth so far, is only projected.
        base: peak resident memory before, in MB.
    """
    rows: list[Row] = []
    for size in sizes:
        if len(rows) > 1:
            expected = rows[-1]["seconds"] ** 2 / rows[-2]["seconds"]
            if expected > limit or "memory_mb" not in rows[-1]:
                rows.append({"size": size, "seconds": expected})
                continue
        reset_peak_memory()
        seconds = statistics.median(measured(size))
        rows.append({"size": size, "seconds": seconds, "memory_mb": peak_memory_mb() - base})
    return rows


def seconds_of(work: Callable[[], Any]) -> float:
    """Seconds of a call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
