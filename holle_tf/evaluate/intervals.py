"""How sure a mean over a test split is."""

from __future__ import annotations

from typing import Sequence

import numpy as np

RESAMPLES = 2000


def bootstrap_interval(values: Sequence[float], share: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean (Efron, 1979), by resampling the examples.

    Args:
        values: one score for each example, at least one.
        share: of the resampled means that lie within.
        seed: of the resampling, so that the same scores always give the same interval.
    """
    scores = np.asarray(values, np.float64)
    # How often each example is drawn is all that a mean needs.
    counts = np.random.default_rng(seed).multinomial(
        len(scores), np.full(len(scores), 1 / len(scores)), RESAMPLES
    )
    means = counts @ scores / len(scores)
    tail = 50 * (1 - share)
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)
