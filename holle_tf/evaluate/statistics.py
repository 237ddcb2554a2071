"""Intervals of means, and whether two models differ on the same examples."""

from __future__ import annotations

from typing import NamedTuple, Sequence, Union

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
Values = Union[Sequence[float], np.ndarray]
_BLOCK = 2_000_000  # draws in memory at once


class Estimate(NamedTuple):
    """A mean with its interval.

    Attributes:
        mean, low, high: in the unit of the values; low and high are nan where there is no interval.
        method: what the interval is over, in words.
    """

    mean: float
    low: float
    high: float
    method: str


class Difference(NamedTuple):
    """Mean of first minus second over the same examples.

    Attributes:
        mean, low, high: of the difference, with its interval.
        p: two-sided, of the hypothesis that both are equally good.
    """

    mean: float
    low: float
    high: float
    p: float


def over_seeds(values: Values) -> Estimate:
    """Mean over runs of different seeds, with Student's t interval.

    Args:
        values: one score for each of two or more seeds.

    Raises:
        ValueError: fewer than two values.
    """
    if len(values) < 2:
        raise ValueError(f"{len(values)} values have no interval over seeds")
    mean, error = float(np.mean(values)), float(stats.sem(values))
    half = error * float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1))
    return Estimate(mean, mean - half, mean + half, f"t interval over {len(values)} seeds")


def over_examples(values: Values, resamples: int, seed: int = 0) -> Estimate:
    """Mean over the examples of one run, with the percentile bootstrap interval.

    Args:
        values: one score for each of two or more examples.
        resamples: how often all examples are drawn anew, with replacement.
    """
    low, high, _ = _bootstrap(values, resamples, seed)
    return Estimate(float(np.mean(values)), low, high, "bootstrap over examples, one seed")


def paired_bootstrap(first: Values, second: Values, resamples: int, seed: int = 0) -> Difference:
    """Difference of two means over the same examples, which are drawn together.

    Args:
        first, second: scores of the two models on the same examples, in the same order.
        resamples: how often all examples are drawn anew, with replacement.

    Returns:
        ``p`` is twice the smaller share of resamples on either side of zero (those at zero count on both
        sides), at least ``1 / resamples`` and at most 1.

    Raises:
        ValueError: the lists differ in length.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} scores are not of the same examples")
    differences = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    low, high, means = _bootstrap(differences, resamples, seed)
    side = min(float(np.mean(means <= 0)), float(np.mean(means >= 0)))
    p = min(1.0, max(2 * side, 1 / resamples))
    return Difference(float(differences.mean()), low, high, p)


def _bootstrap(values: Values, resamples: int, seed: int) -> tuple[float, float, np.ndarray]:
    """Ends of the percentile interval, and the mean of each resample, (resamples,)."""
    sample = np.asarray(values, np.float64)
    found = stats.bootstrap(
        (sample,), np.mean, n_resamples=resamples, batch=max(1, _BLOCK // len(sample)),
        confidence_level=CONFIDENCE, method="percentile", random_state=seed,
    )  # fmt: skip
    interval = found.confidence_interval
    return float(interval.low), float(interval.high), found.bootstrap_distribution
