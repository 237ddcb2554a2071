"""What BiDAF's end pointer sees of the start pointer."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class StartSummary(tf.keras.layers.Layer):
    """``[G; M; a; M * a]`` with ``a`` the sum of M weighted by the start probabilities (Seo et al., 2016).

    Call arguments:
        inputs: ``G`` (batch, length, joint features), ``M`` (batch, length, features), and the masked start
            logits, float32 (batch, length).

    Returns:
        (batch, length, joint features + 3 * features).
    """

    def __init__(self, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)  # the logits stay float32 for the softmax

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        joint, states, start_logits = inputs
        weights = tf.cast(tf.nn.softmax(start_logits), states.dtype)[:, tf.newaxis, :]
        summary = tf.matmul(weights, states)  # (batch, 1, features)
        spread = tf.broadcast_to(summary, tf.shape(states))
        return tf.concat([joint, states, spread, states * summary], axis=-1)
