"""A matrix product over the last axis, in the shape that is fastest on the CPU."""

from __future__ import annotations

from typing import Optional

import tensorflow as tf


def linear(inputs: tf.Tensor, kernel: tf.Tensor, bias: Optional[tf.Tensor] = None) -> tf.Tensor:
    """``inputs kernel + bias`` as one two-dimensional product.

    ``tf.matmul`` computes a three-dimensional times a two-dimensional tensor as a batch of small products,
    and the gradient of the kernel as one small product per example.

    Args:
        inputs: (batch, length, features); features known statically.
        kernel: (features, units) of the same dtype.
        bias: (units,) of the same dtype.

    Returns:
        (batch, length, units).
    """
    shape = tf.shape(inputs)
    flat = tf.matmul(tf.reshape(inputs, [-1, inputs.shape[-1]]), kernel)  # (batch * length, units)
    if bias is not None:
        flat = tf.nn.bias_add(flat, bias)
    return tf.reshape(flat, [shape[0], shape[1], kernel.shape[-1]])
