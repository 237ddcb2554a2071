"""Scaled dot-product attention with as few passes over the attention weights as possible."""

from __future__ import annotations

from typing import Any, Callable

import tensorflow as tf

from holle_tf.models.layers.masking import lowest

CHUNK = 512  # queries of a long text that are read at a time


def attend(
    query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, mask: tf.Tensor, chunk: int = CHUNK
) -> tf.Tensor:
    """``softmax(query key^T) value`` over the positions that ``mask`` allows.

    The (length, length) tensors dominate the cost, so further passes over them are folded into the matrix
    products: the mask becomes one more feature of the keys, and the sum that a softmax's gradient subtracts
    becomes one more feature of the upstream gradient. A text of more than two chunks is read in chunks of
    queries, whose weights the gradient computes again: memory grows with its length, not with its square.

    Args:
        query, key, value: (batch, heads, length, size); ``query`` is scaled already, and may have another
            length than the other two.
        mask: bool (batch, length). In a row without any word every position attends to all.
        chunk: queries in a chunk; 0 = always the whole text at once, which makes smaller graphs.

    Returns:
        The shape of ``query``.
    """
    penalty = tf.where(mask, 0.0, lowest(query.dtype))[:, tf.newaxis, :, tf.newaxis]
    in_chunks = tf.shape(query)[2] > 2 * chunk

    @tf.custom_gradient
    def run(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, penalty: tf.Tensor) -> Any:
        # The condition stands inside of the custom gradient: for a gradient of its own, TensorFlow would
        # keep more tensors.
        def whole() -> tuple[tf.Tensor, tf.Tensor]:
            weights = _weights(query, key, penalty)
            return tf.matmul(weights, value), weights

        def part(query: tf.Tensor) -> list[tf.Tensor]:
            return [tf.matmul(_weights(query, key, penalty), value)]

        def chunked() -> tuple[tf.Tensor, tf.Tensor]:
            # Its shape is made unknown, because the other branch returns weights.
            empty = tf.zeros([0, 0, 0, 0], query.dtype)
            no_weights = tf.compat.v1.placeholder_with_default(empty, [None] * 4)
            return _by_chunks(part, [query], chunk, [])[0], no_weights

        attended, weights = tf.cond(in_chunks, chunked, whole) if chunk else whole()
        attended = tf.ensure_shape(attended, query.shape)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            def part(
                query: tf.Tensor,
                attended: tf.Tensor,
                upstream: tf.Tensor,
                of_key: tf.Tensor,
                of_value: tf.Tensor,
            ) -> list[tf.Tensor]:
                found = _gradients(query, key, value, _weights(query, key, penalty), attended, upstream)
                return [found[0], of_key + found[1], of_value + found[2]]

            def whole() -> list[tf.Tensor]:
                return list(_gradients(query, key, value, weights, attended, upstream))

            def chunked() -> list[tf.Tensor]:
                carried = [tf.zeros_like(key), tf.zeros_like(value)]
                return _by_chunks(part, [query, attended, upstream], chunk, carried)

            found = tf.cond(in_chunks, chunked, whole) if chunk else whole()
            return (*found, None)

        return attended, gradient

    return run(query, key, value, tf.cast(penalty, query.dtype))


def _by_chunks(
    part: Callable[..., list[tf.Tensor]], tensors: list[tf.Tensor], chunk: int, carried: list[tf.Tensor]
) -> list[tf.Tensor]:
    """Apply ``part`` to pieces of ``chunk`` positions, one after the other.

    Args:
        part: (pieces of the tensors, carried) -> [result (batch, heads, chunk, size), carried].
        tensors: (batch, heads, length, size), all of one shape.
        carried: what each piece hands on to the next.

    Returns:
        The results, joined to the shape of the tensors, and what was carried last.
    """
    length = tf.shape(tensors[0])[2]
    chunks = (length + chunk - 1) // chunk
    padding = [[0, 0], [0, 0], [0, chunks * chunk - length], [0, 0]]
    padded = [tf.pad(tensor, padding) for tensor in tensors]

    def step(i: tf.Tensor, results: tf.TensorArray, *carried: tf.Tensor) -> Any:
        pieces = [tensor[:, :, i * chunk : (i + 1) * chunk] for tensor in padded]
        result, *handed_on = part(*pieces, *carried)
        return i + 1, results.write(i, tf.transpose(result, [2, 0, 1, 3])), *handed_on

    results = tf.TensorArray(tensors[0].dtype, size=chunks)
    # One at a time, or the executor would hold the weights of several chunks.
    _, results, *carried = tf.while_loop(
        lambda i, *_: i < chunks, step, (0, results, *carried), parallel_iterations=1
    )
    return [tf.transpose(results.concat()[:length], [1, 2, 0, 3]), *carried]


def _weights(query: tf.Tensor, key: tf.Tensor, penalty: tf.Tensor) -> tf.Tensor:
    """(batch, heads, queries, length), each query's weights summing to one."""
    queries = tf.concat([query, tf.ones_like(query[..., :1])], axis=-1)
    keys = tf.concat([key, penalty * tf.ones_like(key[..., :1])], axis=-1)
    return tf.nn.softmax(tf.matmul(queries, keys, transpose_b=True))


def _gradients(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    weights: tf.Tensor,
    attended: tf.Tensor,
    upstream: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Gradients of query, key and value."""
    precise = tf.float64 if upstream.dtype == tf.float64 else tf.float32
    products = tf.cast(upstream, precise) * tf.cast(attended, precise)
    mean = -tf.reduce_sum(products, axis=-1, keepdims=True)  # of the weights' gradients
    centred = tf.matmul(
        tf.concat([upstream, tf.cast(mean, upstream.dtype)], axis=-1),
        tf.concat([value, tf.ones_like(key[..., :1])], axis=-1),
        transpose_b=True,
    )
    of_scores = weights * centred
    return (
        tf.matmul(of_scores, key),
        tf.matmul(of_scores, query, transpose_a=True),
        tf.matmul(weights, upstream, transpose_a=True),
    )
