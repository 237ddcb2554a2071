"""Highway layers: a learned gate between a transformed and the unchanged input."""

from __future__ import annotations

from typing import Any, Optional

import tensorflow as tf

from holle_tf.models.layers.fast_dropout import FastDropout
from holle_tf.models.layers.linear import linear


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class Highway(tf.keras.layers.Layer):
    """A stack of highway layers (Srivastava et al., 2015): ``x = g * f(x) + (1 - g) * x``.

    The gate and the transformation share one matrix product. The gate's bias starts at -1, so that
    the input passes mostly unchanged at first.

    Args:
        layers: how many are stacked.
        activation: of the transformation f, e.g. "relu" (BiDAF) or None (QANet).
        dropout: on f(x).

    Call arguments:
        inputs: (batch, length, features).

    Returns:
        Same shape as ``inputs``.
    """

    def __init__(
        self, layers: int = 2, activation: Optional[str] = "relu", dropout: float = 0.0, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.layers = layers
        self.activation = tf.keras.activations.get(activation)
        self.dropout = dropout
        self.transform_dropout = FastDropout(dropout)

    def build(self, input_shape: tf.TensorShape) -> None:
        features = int(input_shape[-1])
        glorot = tf.keras.initializers.GlorotUniform

        def both(
            shape: Any, dtype: Any = None, **_: Any
        ) -> tf.Tensor:  # each half as a square matrix of its own
            half = (shape[0], shape[1] // 2)
            return tf.concat([glorot()(half, dtype), glorot()(half, dtype)], axis=1)

        def gate_closed(shape: Any, dtype: Any = None, **_: Any) -> tf.Tensor:
            half = shape[0] // 2
            return tf.concat([tf.fill([half], tf.constant(-1.0, dtype)), tf.zeros([half], dtype)], axis=0)

        self.kernels = [
            self.add_weight(f"kernel_{i}", shape=(features, 2 * features), initializer=both)
            for i in range(self.layers)
        ]
        self.biases = [
            self.add_weight(f"bias_{i}", shape=(2 * features,), initializer=gate_closed)
            for i in range(self.layers)
        ]
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, training: Optional[bool] = None) -> tf.Tensor:
        x = inputs
        for kernel, bias in zip(self.kernels, self.biases):
            gate, transformed = tf.split(linear(x, kernel, bias), 2, axis=-1)
            transformed = self.transform_dropout(self.activation(transformed), training=training)
            x = x + tf.sigmoid(gate) * (transformed - x)
        return x

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "layers": self.layers,
            "activation": tf.keras.activations.serialize(self.activation),
            "dropout": self.dropout,
        }
