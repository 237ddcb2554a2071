"""The position-wise feed-forward part of an encoder block."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from holle_tf.models.layers.linear import linear


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class FeedForward(tf.keras.layers.Layer):
    """Two linear maps with a relu between them; as in QANet, the inner map is no wider than the outer.

    Args:
        units: features inside and of the output.

    Call arguments:
        inputs: (batch, length, features).

    Returns:
        (batch, length, units).
    """

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: tf.TensorShape) -> None:
        features = int(input_shape[-1])
        self.inner_kernel = self.add_weight("inner_kernel", (features, self.units), initializer="he_normal")
        self.inner_bias = self.add_weight("inner_bias", (self.units,), initializer="zeros")
        self.outer_kernel = self.add_weight("outer_kernel", (self.units, self.units))
        self.outer_bias = self.add_weight("outer_bias", (self.units,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        inner = tf.nn.relu(linear(inputs, self.inner_kernel, self.inner_bias))
        return linear(inner, self.outer_kernel, self.outer_bias)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
