"""A word vector from a word's characters: convolution, relu, maximum over the word."""

from __future__ import annotations

from typing import Any, Optional

import tensorflow as tf

from holle_tf.models.layers.fast_dropout import FastDropout


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class CharCNN(tf.keras.layers.Layer):
    """Character convolution over words (Seo et al., 2016, section 2; Yu et al., 2018, section 2.2).

    A batch of text repeats its words, so each distinct word is convolved once and its vector is looked up
    for every occurrence (so dropout on characters is drawn once per distinct word and batch). A window is
    centred on every real character; windows centred on padding are ignored, so more padding changes nothing,
    and a word without characters gives zeros.

    Args:
        char_count: characters in the vocabulary, padding (0) included.
        char_dim: dimension of a character's vector.
        filters: dimension of a word's vector.
        width: characters that each filter sees.
        dropout: share of character vector components that are dropped in training.

    Call arguments:
        ids: int32 (batch, length, max_word_chars), 0 is padding.

    Returns:
        (batch, length, filters), not negative.
    """

    def __init__(
        self,
        char_count: int,
        char_dim: int,
        filters: int,
        width: int = 5,
        dropout: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(autocast=False, **kwargs)
        self.char_count = char_count
        self.char_dim = char_dim
        self.filters = filters
        self.width = width
        self.dropout = dropout
        self.char_dropout = FastDropout(dropout)

    def build(self, input_shape: tf.TensorShape) -> None:
        self.table = self.add_weight(
            "table",
            shape=(self.char_count, self.char_dim),
            initializer=tf.keras.initializers.RandomNormal(stddev=self.char_dim**-0.5),
        )
        self.kernel = self.add_weight(
            "kernel", shape=(self.width, self.char_dim, self.filters), initializer="he_uniform"
        )
        self.bias = self.add_weight("bias", shape=(self.filters,), initializer="zeros")
        super().build(input_shape)

    def call(self, ids: tf.Tensor, training: Optional[bool] = None) -> tf.Tensor:
        shape = tf.shape(ids)
        words, where = tf.raw_ops.UniqueV2(x=tf.reshape(ids, [-1, shape[-1]]), axis=[0])
        vectors = self._word_vectors(words, training)  # (distinct, filters)
        return tf.reshape(tf.gather(vectors, where), [shape[0], shape[1], self.filters])

    def _word_vectors(self, words: tf.Tensor, training: Optional[bool]) -> tf.Tensor:
        real = tf.cast(tf.not_equal(words, 0), self.compute_dtype)[..., tf.newaxis]
        table = tf.cast(tf.convert_to_tensor(self.table), self.compute_dtype)
        chars = tf.gather(table, words) * real  # (words, chars, char_dim)
        chars = self.char_dropout(chars, training=training)
        windows = tf.nn.conv1d(chars, self.kernel, 1, "SAME") + self.bias  # (words, chars, filters)
        # relu makes every value >= 0, so a zero is neutral in the maximum.
        return tf.reduce_max(tf.nn.relu(windows) * real, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "char_count": self.char_count,
            "char_dim": self.char_dim,
            "filters": self.filters,
            "width": self.width,
            "dropout": self.dropout,
        }
