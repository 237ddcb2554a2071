"""Scaled dot-product attention that passes over the attention weights as little as it can."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from holle_tf.models.layers.masking import lowest


def attend(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """``softmax(query key^T) value`` over the positions that ``mask`` allows.

    The (length, length) tensors dominate the cost, so what would be a pass over them is folded into the
    matrix products: the mask is one more feature of the keys, and the sum that a softmax's gradient
    subtracts one more feature of the upstream gradient.

    Args:
        query, key, value: (batch, heads, length, size); ``query`` is scaled already, and may have another
            length than the other two.
        mask: bool (batch, length). In a row without any word every position attends to all.

    Returns:
        The shape of ``query``.
    """
    penalty = tf.where(mask, 0.0, lowest(query.dtype))[:, tf.newaxis, :, tf.newaxis]
    return _attend(query, key, value, tf.cast(penalty, query.dtype))


def attend_in_chunks(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, mask: tf.Tensor, chunk: int
) -> tf.Tensor:
    """``attend`` for ``chunk`` queries at a time: memory grows with the length, not with its square."""
    shape = tf.shape(query)
    chunks = (shape[2] + chunk - 1) // chunk
    padded = tf.pad(query, [[0, 0], [0, 0], [0, chunks * chunk - shape[2]], [0, 0]])

    def step(i: tf.Tensor, results: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        part = padded[:, :, i * chunk : (i + 1) * chunk]
        attended = tf.transpose(attend(part, key, value, mask), [2, 0, 1, 3])
        return i + 1, results.write(i, attended)  # (chunk, batch, heads, size)

    results = tf.TensorArray(query.dtype, size=chunks)
    # One at a time, or the executor would hold the weights of several chunks.
    _, results = tf.while_loop(lambda i, _: i < chunks, step, (0, results), parallel_iterations=1)
    return tf.transpose(results.concat()[: shape[2]], [1, 2, 0, 3])


@tf.custom_gradient
def _attend(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, penalty: tf.Tensor) -> Any:
    one = tf.ones_like(key[..., :1])
    queries = tf.concat([query, tf.ones_like(query[..., :1])], axis=-1)
    keys = tf.concat([key, penalty * one], axis=-1)
    weights = tf.nn.softmax(tf.matmul(queries, keys, transpose_b=True))
    attended = tf.matmul(weights, value)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
        precise = tf.float64 if upstream.dtype == tf.float64 else tf.float32
        products = tf.cast(upstream, precise) * tf.cast(attended, precise)
        mean = -tf.reduce_sum(products, axis=-1, keepdims=True)  # of the weights' gradients
        centred = tf.matmul(
            tf.concat([upstream, tf.cast(mean, upstream.dtype)], axis=-1),
            tf.concat([value, one], axis=-1),
            transpose_b=True,
        )
        of_scores = weights * centred
        return (
            tf.matmul(of_scores, key),
            tf.matmul(of_scores, query, transpose_a=True),
            tf.matmul(weights, upstream, transpose_a=True),
            None,
        )

    return attended, gradient
