"""For every word of a document, one vector of the words of the query that are like it (Chen et al., 2017)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from holle_tf.models.layers.masking import masked_softmax


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class AlignedQuery(tf.keras.layers.Layer):
    """``a_t = sum_j softmax_j(g(d_t) . g(q_j)) q_j`` with ``g(x) = relu(W x + b)``, DrQA's soft alignment.

    Args:
        units: size of g.

    Call arguments:
        document: word vectors (batch, doc_len, word_dim), the d_t.
        query: word vectors (batch, length or more, word_dim), the q_j.
        query_mask: bool (batch, length), true on words.

    Returns:
        (batch, doc_len, word_dim), zero for a query without words.
    """

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units
        self.projection = tf.keras.layers.Dense(units, activation="relu", name="projection")

    def call(self, document: tf.Tensor, query: tf.Tensor, query_mask: tf.Tensor) -> tf.Tensor:
        query = query[:, : tf.shape(query_mask)[1]]
        similarity = tf.matmul(self.projection(document), self.projection(query), transpose_b=True)
        weights = masked_softmax(similarity, query_mask[:, tf.newaxis])  # (batch, doc_len, length)
        return tf.matmul(weights, query)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
