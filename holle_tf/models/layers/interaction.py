"""Scores of a sequence of vectors against several single vectors (paper, sections 3.3 and 4.1)."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import tensorflow as tf


class Interaction(tf.keras.layers.Layer):
    """Scores of every v0 of a sequence against single vectors v1..va.

    Call arguments:
        vectors: list of all v0, (batch, length, dim), and of v1..va, each (batch, dim_i).

    Returns:
        (batch, length) scores, not normalised.
    """

    def call(self, vectors: Sequence[tf.Tensor]) -> tf.Tensor:
        return self.score(self.keep(vectors[0]), vectors[1:])

    def keep(self, sequence: tf.Tensor) -> tf.Tensor:
        """What ``score`` needs of the v0, or of their first components: (batch, length, size)."""
        raise NotImplementedError

    def score(
        self, kept: tf.Tensor, vectors: Sequence[tf.Tensor], rest: Optional[tf.Tensor] = None
    ) -> tf.Tensor:
        """The scores (batch, length).

        Args:
            kept: what ``keep`` returned, of as many rows as ``vectors`` or of a single row for all of them.
            vectors: v1..va.
            rest: (batch, length, n), the last components of the v0 if ``keep`` had only the first.
        """
        raise NotImplementedError


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class MultiplicativeInteraction(Interaction):
    """``mul_W(v0, v1..va) = v0^T (sum_i W_i v_i)`` for every v0 of a sequence (paper, section 3.3.3)."""

    def build(self, input_shape: Sequence[tf.TensorShape]) -> None:
        dim = int(input_shape[0][-1])
        self._maps = [
            self.add_weight(f"kernel_{i}", (int(shape[-1]), dim), initializer="glorot_uniform")
            for i, shape in enumerate(input_shape[1:], start=1)
        ]
        super().build(input_shape)

    def keep(self, sequence: tf.Tensor) -> tf.Tensor:
        """What ``score`` needs of the v0, or of their first components: they themselves."""
        return sequence

    def score(
        self, kept: tf.Tensor, vectors: Sequence[tf.Tensor], rest: Optional[tf.Tensor] = None
    ) -> tf.Tensor:
        # One matmul of the joined vectors is the sum of the separate products.
        kernel = tf.concat([tf.cast(m, self.compute_dtype) for m in self._maps], axis=0)
        mapped = tf.matmul(tf.concat(vectors, axis=-1), kernel)  # (batch, dim)
        if rest is None:
            return tf.linalg.matvec(kept, mapped)  # (batch, length)
        first, last = tf.split(mapped, [kept.shape[-1], rest.shape[-1]], axis=-1)
        return tf.linalg.matvec(kept, first) + tf.linalg.matvec(rest, last)


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class AdditiveInteraction(Interaction):
    """``add_W(v0, v1..va) = w^T tanh(sum_{i=0..a} W_i v_i)`` for every v0 of a sequence (section 4.1).

    Args:
        units: width inside the tanh.
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

    def keep(self, sequence: tf.Tensor) -> tf.Tensor:
        """What ``score`` needs of the v0, or of their first components: W_0 v0, (batch, length, units)."""
        kernel = tf.cast(self._maps[0], self.compute_dtype)
        size = int(sequence.shape[-1])
        return tf.matmul(sequence, kernel if size == kernel.shape[0] else kernel[:size])

    def score(
        self, kept: tf.Tensor, vectors: Sequence[tf.Tensor], rest: Optional[tf.Tensor] = None
    ) -> tf.Tensor:
        kernels = [tf.cast(m, self.compute_dtype) for m in self._maps]
        mapped = tf.matmul(tf.concat(vectors, axis=-1), tf.concat(kernels[1:], axis=0))  # (batch, units)
        inner = kept + mapped[:, None]
        if rest is not None:
            inner += tf.matmul(rest, kernels[0][-int(rest.shape[-1]) :])
        score = tf.cast(self._score, self.compute_dtype)
        return tf.squeeze(tf.matmul(tf.tanh(inner), score), -1)  # (batch, length)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


def make_interaction(kind: str, inner_units: int, name: str) -> Interaction:
    """The interaction layer called ``add`` or ``mul`` in the paper.

    Raises:
        ValueError: ``kind`` is neither.
    """
    if kind == "mul":
        return MultiplicativeInteraction(name=name)
    if kind == "add":
        return AdditiveInteraction(inner_units, name=name)
    raise ValueError(f"interaction {kind!r} is neither add nor mul")
