"""Whether answers under load are right, and whether the memory grows."""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np

_TOLERANCE = 1e-4  # of a probability: other batches have other sums


class Known(NamedTuple):
    """A request and its right answer."""

    body: bytes
    spans: list[list[float]]  # start, end, score


def is_right(reply: bytes, known: Known) -> bool:
    """Whether a reply has the spans of the right answer, and their probabilities."""
    spans = [[s["start_char"], s["end_char"], s["score"]] for s in json.loads(reply)["n_best"]]
    return len(spans) == len(known.spans) and bool(np.allclose(spans, known.spans, atol=_TOLERANCE))


def growth(memory: list[tuple[float, float]]) -> dict[str, float]:
    """MB at the beginning and end of what counts, and their slope in MB an hour by least squares."""
    counted = [(at, mb) for at, mb in memory if at >= memory[-1][0] / 6]
    times, sizes = np.transpose(counted)
    third = max(len(sizes) // 3, 1)
    slope = float(np.polyfit(times / 3600, sizes, 1)[0]) if len(sizes) > 1 else 0.0
    return {
        "first_third_mb": float(np.mean(sizes[:third])),
        "last_third_mb": float(np.mean(sizes[-third:])),
        "mb_an_hour": slope,
    }
