"""The decoding of ``holle_tf.models.decoding`` for one document, without TensorFlow."""

from __future__ import annotations

import numpy as np


def decode_probabilities(
    start: np.ndarray, end: np.ndarray, max_span: int, n_best: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ``n_best`` spans with the largest start[i] * end[j], over i <= j and j - i < max_span.

    Args:
        start, end: float32 (words,), probabilities.
        max_span: longest span, in words; at least 1.
        n_best: number of spans; at least 1.

    Returns:
        First word, last word (inclusive) and probability of at most ``n_best`` spans, best first, without
        those of probability 0. Equal probabilities are ordered by first, then by last word.
    """
    words = len(start)
    width = min(max_span, words)
    if not words:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    # Sums of logarithms, because a product of two small probabilities could be 0.
    with np.errstate(divide="ignore"):
        start_log, end_log = np.log(start), np.log(end)
    end_log = np.concatenate([end_log, np.full(width - 1, -np.inf, end_log.dtype)])
    ends = np.lib.stride_tricks.sliding_window_view(end_log, width)  # (words, width)
    flat = (start_log[:, np.newaxis] + ends).ravel()
    kept = min(n_best, len(flat))
    lowest = np.partition(flat, len(flat) - kept)[len(flat) - kept]
    candidates = np.flatnonzero((flat >= lowest) & np.isfinite(flat))
    best = candidates[np.argsort(-flat[candidates], kind="stable")[:kept]]
    first = best // width
    return first, first + best % width, np.exp(flat[best])
