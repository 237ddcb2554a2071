"""Query-sensitive summary of one side's history (paper, section 3.3.2)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from holle_tf.models.layers.masking import mask_logits


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class HistorySummary(tf.keras.layers.Layer):
    """``e_j = f(h_j, q)``, ``alpha = softmax(e)``, ``h = sum_j alpha_j h_j``.

    A row without history has no h_j; it gets a learned vector instead.

    Args:
        interaction: the layer f.

    Call arguments:
        history: (batch, length, dim), the h_j.
        query: (batch, query_dim), q.
        mask: bool, (batch, length), true on real words.

    Returns:
        (batch, dim)
    """

    def __init__(self, interaction: tf.keras.layers.Layer, **kwargs: Any):
        super().__init__(**kwargs)
        self.interaction = interaction

    def build(self, input_shape: tf.TensorShape) -> None:
        self._empty = self.add_weight("empty", (int(input_shape[-1]),), initializer="zeros")
        super().build(input_shape)

    def call(self, history: tf.Tensor, query: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        scores = mask_logits(tf.cast(self.interaction([history, query]), tf.float32), mask)
        # exp(log softmax), because TensorFlow logs a warning about the cost of a softmax behind a recurrence.
        weights = tf.exp(tf.nn.log_softmax(scores)) * tf.cast(mask, tf.float32)  # (batch, length)
        weights = tf.cast(weights, history.dtype)
        summary = tf.linalg.matvec(history, weights, transpose_a=True)  # (batch, dim)
        empty = tf.cast(self._empty, history.dtype)[None]  # (1, dim)
        return tf.where(tf.reduce_any(mask, axis=1, keepdims=True), summary, empty)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "interaction": tf.keras.utils.serialize_keras_object(self.interaction),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> HistorySummary:
        return cls(tf.keras.utils.deserialize_keras_object(config.pop("interaction")), **config)
