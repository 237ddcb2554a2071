"""Masking by finite numbers: nothing becomes infinite in float16, and an all-masked row gives zeros."""

from typing import Union

import tensorflow as tf

MASKED_LOGIT = -1e9  # of float32 logits; exp() of it is exactly 0 beside any real logit


def lowest(dtype: Union[str, tf.DType]) -> float:
    """A large negative number whose double is still finite in ``dtype``."""
    return -3e4 if tf.as_dtype(dtype) == tf.float16 else MASKED_LOGIT


def mask_logits(logits: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Put a large negative number wherever ``mask`` is false.

    Args:
        logits: any float dtype.
        mask: bool, broadcastable to the shape of ``logits``.

    Returns:
        Same shape and dtype as ``logits``; masked positions carry no gradient.
    """
    # Not a constant tensor: a model's graph would keep the dtype that the model was built with.
    return tf.where(mask, logits, lowest(logits.dtype))


def masked_softmax(logits: tf.Tensor, mask: tf.Tensor, axis: int = -1) -> tf.Tensor:
    """Softmax over the positions that ``mask`` allows, computed in float32 (float64 for float64).

    Args:
        logits: any float dtype.
        mask: bool, broadcastable to the shape of ``logits``.
        axis: the axis that sums to 1.

    Returns:
        Same shape and dtype as ``logits``; exact zeros at masked positions, and all zeros (not NaN) in a
        row without any allowed position.
    """
    precise = tf.float64 if logits.dtype == tf.float64 else tf.float32
    # Added, because a choice between tensors of different shapes takes several times as long.
    bias = tf.where(mask, tf.zeros([], precise), tf.constant(MASKED_LOGIT, precise))
    probabilities = tf.nn.softmax(tf.cast(logits, precise) + bias, axis=axis)
    return tf.cast(probabilities * tf.cast(mask, precise), logits.dtype)
