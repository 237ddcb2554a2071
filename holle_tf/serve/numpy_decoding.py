"""The decoding of ``holle_tf.models.decoding`` for one document, without TensorFlow."""

from __future__ import annotations

import numpy as np


def decode_probabilities(
    start: np.ndarray, end: np.ndarray, max_span: int, n_best: int, null: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ``n_best`` spans with the largest start[i] * end[j], over i <= j and j - i < max_span.

    Args:
        start, end: float32 (words,), probabilities.
        max_span: longest span, in words; at least 1.
        n_best: number of spans; at least 1.
        null: whether the first position stands for "no answer", so that no span begins or ends there.

    Returns:
        First word, last word (inclusive) and probability of at most ``n_best`` spans, best first, without
        those of probability 0. Equal probabilities are ordered by first, then by last word.
    """
    if null:
        first, last, scores = decode_probabilities(start[1:], end[1:], max_span, n_best)
        return first + 1, last + 1, scores
    words = len(start)
    width = min(max_span, words)
    if not words:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    # Sums of logarithms, because a product of two small probabilities could be 0.
    with np.errstate(divide="ignore"):
        start_log, end_log = np.log(start), np.log(end)
    end_log = np.concatenate([end_log, np.full(width - 1, -np.inf, end_log.dtype)])
    # The n best spans begin at n of these words; ties make them more.
    likeliest = _largest(start_log + _window_maxima(end_log, width), n_best)
    lasts = likeliest[:, np.newaxis] + np.arange(width)
    flat = (start_log[likeliest, np.newaxis] + end_log[lasts]).ravel()
    candidates = _largest(flat, n_best)
    best = candidates[np.argsort(-flat[candidates], kind="stable")[:n_best]]
    first = likeliest[best // width]
    return first, first + best % width, np.exp(flat[best])


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """Places of the ``count`` largest finite values, and of all that equal the last of them, in order."""
    kept = min(count, len(values))
    lowest = np.partition(values, len(values) - kept)[len(values) - kept] if kept else 0
    return np.flatnonzero((values >= lowest) & np.isfinite(values))


def _window_maxima(values: np.ndarray, width: int) -> np.ndarray:
    """The maximum of every ``width`` values in a row, by doubling: (n,) to (n - width + 1,)."""
    reach = 1
    while reach < width:
        step = min(reach, width - reach)
        values = np.maximum(values[:-step], values[step:])
        reach += step
    return values
