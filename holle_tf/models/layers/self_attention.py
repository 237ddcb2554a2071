"""Multi-head self-attention over words."""

from __future__ import annotations

from typing import Any, Optional

import tensorflow as tf

from holle_tf.models.layers.attend import CHUNK, attend
from holle_tf.models.layers.linear import linear
from holle_tf.models.layers.word_embedding import are_watched


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class SelfAttention(tf.keras.layers.Layer):
    """Scaled dot-product attention of a text to itself (Vaswani et al., 2017; Yu et al., 2018).

    Queries, keys and values come from one matrix product. As in the published QANet there is no bias and
    no projection after the heads. Outside training, a long text is read in chunks of queries, so that a
    document of thousands of words needs no (length, length) tensor. If gradients by its word vectors are
    wanted, it is read as in training.

    Args:
        units: features, a multiple of ``heads``.
        heads: attention heads.
        chunked_training: read long texts in chunks in training as well.

    Call arguments:
        inputs: (batch, length, features).
        mask: bool (batch, length), true for words.

    Returns:
        (batch, length, units).

    Raises:
        ValueError: ``units`` is not a multiple of ``heads``.
    """

    def __init__(self, units: int, heads: int, chunked_training: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        if units % heads:
            raise ValueError(f"units ({units}) must be a multiple of heads ({heads})")
        self.units = units
        self.heads = heads
        self.chunked_training = chunked_training

    def build(self, input_shape: tf.TensorShape) -> None:
        features = int(input_shape[-1])
        limit = (6.0 / (features + self.units)) ** 0.5  # Glorot's, for each of the three kernels alone
        self.kernel = self.add_weight(
            "kernel",
            shape=(features, 3 * self.units),
            initializer=tf.keras.initializers.RandomUniform(-limit, limit),
        )
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, mask: tf.Tensor, training: Optional[bool] = None) -> tf.Tensor:
        shape = tf.shape(inputs)
        size = self.units // self.heads
        projected = tf.split(linear(inputs, tf.convert_to_tensor(self.kernel)), 3, axis=-1)
        query, key, value = (
            tf.transpose(tf.reshape(part, [shape[0], shape[1], self.heads, size]), [0, 2, 1, 3])
            for part in projected
        )  # (batch, heads, length, size)
        query *= size**-0.5
        reading = (training is None or training is False) and not are_watched()
        attended = attend(query, key, value, mask, CHUNK if reading or self.chunked_training else 0)
        return tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [shape[0], shape[1], self.units])

    def scale_values(self, gain: float) -> None:
        """Multiply what is attended to, and so the output, by ``gain``."""
        query, key, value = tf.split(tf.convert_to_tensor(self.kernel), 3, axis=-1)
        self.kernel.assign(tf.concat([query, key, gain * value], axis=-1))

    def get_config(self) -> dict[str, Any]:
        own = {"units": self.units, "heads": self.heads, "chunked_training": self.chunked_training}
        return {**super().get_config(), **own}
