"""From start and end logits to the best spans."""

from __future__ import annotations

import tensorflow as tf


def decode_spans(
    start_logits: tf.Tensor,
    end_logits: tf.Tensor,
    mask: tf.Tensor,
    max_span: int,
    n_best: int = 1,
    null: bool = False,
) -> dict[str, tf.Tensor]:
    """The ``n_best`` spans with the largest p_start[i] * p_end[j], over i <= j and j - i < max_span.

    One vectorised pass, O(doc_len * max_span) memory; works in a ``tf.function`` with unknown shapes.

    Args:
        start_logits: (batch, doc_len), any float type; computed in float32.
        end_logits: (batch, doc_len).
        mask: bool (batch, doc_len), True on real tokens. Logits elsewhere have no effect.
        max_span: longest span, in tokens; at least 1.
        n_best: spans per example; at least 1.
        null: whether the first position stands for "no answer". It has its share of the probability, but no
            span begins or ends there.

    Returns:
        start, end: int32 (batch, n_best), token indices, both inclusive;
        score: float32 (batch, n_best), the probability of the span, falling along the row.
        Equal scores are ordered by start, then end. If an example has fewer than ``n_best`` valid spans
        (or none, because it is all masked), the rest has start = end = 0 and score = 0.
        With ``null`` also null_score: float32 (batch,), p_start[0] * p_end[0].

    Raises:
        ValueError: max_span or n_best below 1.
    """
    if max_span < 1 or n_best < 1:
        raise ValueError(f"max_span and n_best must be at least 1, not {max_span} and {n_best}")
    mask = tf.cast(mask, tf.bool)
    start_log = _masked_log_softmax(start_logits, mask)  # (batch, doc_len)
    end_log = _masked_log_softmax(end_logits, mask)  # (batch, doc_len)
    null_score = tf.exp(start_log[:, 0] + end_log[:, 0]) if null else None
    if null:
        start_log, end_log = start_log[:, 1:], end_log[:, 1:]

    batch, doc_len = tf.shape(start_log)[0], tf.shape(start_log)[1]
    width = tf.maximum(tf.minimum(max_span, doc_len), 1)  # possible ends for each start
    # Ends beyond the document are -inf, so that every start has `width` of them.
    end_log = tf.pad(end_log, [[0, 0], [0, width - 1]], constant_values=float("-inf"))
    ends = tf.range(doc_len)[:, None] + tf.range(width)[None, :]  # (doc_len, width)
    spans = start_log[:, :, None] + tf.gather(end_log, ends, axis=1)  # (batch, doc_len, width)

    flat = tf.reshape(spans, [batch, doc_len * width])
    missing = tf.maximum(n_best - doc_len * width, 0)
    flat = tf.pad(flat, [[0, 0], [0, missing]], constant_values=float("-inf"))  # top_k needs n_best columns
    best_log, best = tf.math.top_k(flat, k=n_best)  # (batch, n_best)
    start = best // width
    end = start + best % width
    if null:
        start, end = start + 1, end + 1
    valid = tf.math.is_finite(best_log)
    nothing = tf.zeros_like(start)
    found = {
        "start": tf.where(valid, start, nothing),
        "end": tf.where(valid, end, nothing),
        "score": tf.where(valid, tf.exp(best_log), tf.zeros_like(best_log)),
    }
    return found if null_score is None else {**found, "null_score": null_score}


def _masked_log_softmax(logits: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """float32 log-probabilities over the real tokens, -inf on the others; no NaN in a row without any."""
    # tf.where, not an added penalty: padding may hold anything, even infinities.
    finite = tf.where(mask, tf.cast(logits, tf.float32), -1e9)
    return tf.where(mask, tf.nn.log_softmax(finite, axis=-1), float("-inf"))
