"""Scores of a sequence of vectors against several single vectors (paper, sections 3.3 and 4.1)."""

from __future__ import annotations

from typing import Any, Sequence

import tensorflow as tf


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class MultiplicativeInteraction(tf.keras.layers.Layer):
    """``mul_W(v0, v1..va) = v0^T (sum_i W_i v_i)`` for every v0 of a sequence (paper, section 3.3.3).

    Call arguments:
        vectors: list of all v0, (batch, length, dim), and of v1..va, each (batch, dim_i).

    Returns:
        (batch, length) scores, not normalised.
    """

    def build(self, input_shape: Sequence[tf.TensorShape]) -> None:
        dim = int(input_shape[0][-1])
        self._maps = [
            self.add_weight(f"kernel_{i}", (int(shape[-1]), dim), initializer="glorot_uniform")
            for i, shape in enumerate(input_shape[1:], start=1)
        ]
        super().build(input_shape)

    def call(self, vectors: Sequence[tf.Tensor]) -> tf.Tensor:
        # One matmul of the joined vectors is the sum of the separate products.
        kernel = tf.concat([tf.cast(m, self.compute_dtype) for m in self._maps], axis=0)
        mapped = tf.matmul(tf.concat(vectors[1:], axis=-1), kernel)  # (batch, dim)
        return tf.linalg.matvec(vectors[0], mapped)  # (batch, length)


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class AdditiveInteraction(tf.keras.layers.Layer):
    """``add_W(v0, v1..va) = w^T tanh(sum_{i=0..a} W_i v_i)`` for every v0 of a sequence (section 4.1).

    Args:
        units: width inside the tanh.

    Call arguments:
        vectors: list of all v0, (batch, length, dim), and of v1..va, each (batch, dim_i).

    Returns:
        (batch, length) scores, not normalised.
    """

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Sequence[tf.TensorShape]) -> None:
        self._maps = [
            self.add_weight(f"kernel_{i}", (int(shape[-1]), self.units), initializer="glorot_uniform")
            for i, shape in enumerate(input_shape)
        ]
        self._score = self.add_weight("score", (self.units, 1), initializer="glorot_uniform")
        super().build(input_shape)

    def call(self, vectors: Sequence[tf.Tensor]) -> tf.Tensor:
        kernels = [tf.cast(m, self.compute_dtype) for m in self._maps]
        inner = tf.matmul(vectors[0], kernels[0])  # (batch, length, units)
        mapped = tf.matmul(tf.concat(vectors[1:], axis=-1), tf.concat(kernels[1:], axis=0))  # (batch, units)
        score = tf.cast(self._score, self.compute_dtype)
        return tf.squeeze(tf.matmul(tf.tanh(inner + mapped[:, None]), score), -1)  # (batch, length)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def make_interaction(kind: str, inner_units: int, name: str) -> tf.keras.layers.Layer:
    """The interaction layer called ``add`` or ``mul`` in the paper.

    Raises:
        ValueError: ``kind`` is neither.
    """
    if kind == "mul":
        return MultiplicativeInteraction(name=name)
    if kind == "add":
        return AdditiveInteraction(inner_units, name=name)
    raise ValueError(f"interaction {kind!r} is neither add nor mul")
