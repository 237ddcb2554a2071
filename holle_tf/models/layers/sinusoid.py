"""Sinusoid positions (Vaswani et al., 2017, section 3.5)."""

import math

import tensorflow as tf


def sinusoid_positions(length: tf.Tensor, features: int, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Sines in the first half of the features, cosines of the same wave lengths in the second.

    Args:
        length: int or scalar tensor.
        features: even.

    Returns:
        (length, features) of ``dtype``, computed in float32: positions above 256 are not exact in bfloat16.

    Raises:
        ValueError: ``features`` is odd.
    """
    if features % 2:
        raise ValueError(f"sinusoid positions need an even number of features, not {features}")
    steps = math.log(1e4) / max(features // 2 - 1, 1)
    frequencies = tf.exp(-steps * tf.range(features // 2, dtype=tf.float32))
    angles = tf.cast(tf.range(length), tf.float32)[:, tf.newaxis] * frequencies
    return tf.cast(tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1), dtype)
