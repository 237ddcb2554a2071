"""Intervals of means, and whether two models differ on the same examples."""

from __future__ import annotations

from typing import NamedTuple, Sequence, Union

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
Values = Union[Sequence[float], Sequence[Sequence[float]], np.ndarray]
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
    """Difference of two means over the same examples, and the same seeds if there are several.

    Each resample draws as many examples as there are, with replacement, and as many seeds. All drawn seeds
    have the same drawn examples, because examples and seeds are crossed: every run has read every example. A
    single seed is always drawn, which leaves the bootstrap over examples.

    Args:
        first, second: scores of the two models on the same examples, in the same order: (examples,), or
            (seeds, examples) with the seeds in the same order.
        resamples: number of resamples.

    Returns:
        ``p`` is twice the smaller share of resamples on either side of zero (those at zero count on both
        sides), at least ``1 / resamples`` and at most 1.

    Raises:
        ValueError: the scores differ in shape.
    """
    shapes = [np.shape(scores) for scores in (first, second)]
    if shapes[0] != shapes[1]:
        said = " and ".join(" x ".join(map(str, shape)) for shape in shapes)
        raise ValueError(f"{said} scores are not of the same examples and seeds")
    differences = np.atleast_2d(np.asarray(first, np.float64) - np.asarray(second, np.float64))
    if len(differences) == 1:
        low, high, means = _bootstrap(differences[0], resamples, seed)
    else:
        means = _crossed_means(differences, resamples, seed)
        low, high = (float(end) for end in np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]))
    side = min(float(np.mean(means <= 0)), float(np.mean(means >= 0)))
    p = min(1.0, max(2 * side, 1 / resamples))
    return Difference(float(differences.mean()), low, high, p)


def _crossed_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Mean of each resample of the rows and of the columns of (seeds, examples): float64, (resamples,)."""
    generator = np.random.default_rng(seed)
    seeds, examples = values.shape
    means = []
    for done in range(0, resamples, size := max(1, _BLOCK // values.size)):
        count = min(size, resamples - done)
        columns = generator.integers(examples, size=(count, examples))
        rows = generator.integers(seeds, size=(count, seeds))
        by_seed = values[:, columns].mean(axis=2).T  # (count, seeds)
        means.append(np.take_along_axis(by_seed, rows, axis=1).mean(axis=1))
    return np.concatenate(means)


def _bootstrap(values: Values, resamples: int, seed: int) -> tuple[float, float, np.ndarray]:
    """Ends of the percentile interval, and the mean of each resample, (resamples,)."""
    sample = np.asarray(values, np.float64)
    found = stats.bootstrap(
        (sample,), np.mean, n_resamples=resamples, batch=max(1, _BLOCK // len(sample)),
        confidence_level=CONFIDENCE, method="percentile", random_state=seed,
    )  # fmt: skip
    interval = found.confidence_interval
    return float(interval.low), float(interval.high), found.bootstrap_distribution
