"""Attention between document and question over a trilinear similarity, in its BiDAF and QANet flavours."""

from __future__ import annotations

from typing import Any, Optional

import tensorflow as tf

from holle_tf.models.layers.fast_dropout import FastDropout
from holle_tf.models.layers.linear import linear
from holle_tf.models.layers.masking import mask_logits, masked_softmax


class _TrilinearAttention(tf.keras.layers.Layer):
    """The similarity ``s(h, u) = w [h; u; h * u] (+ b)``, factored into ``h w1 + u w2 + (h * w3) u^T``.

    The factored form needs no (batch, doc_len, question_len, 3 * features) tensor.
    """

    def __init__(self, use_bias: bool = True, dropout: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.use_bias = use_bias
        self.dropout = dropout
        self.input_dropout = FastDropout(dropout)

    def build(self, input_shape: list[tf.TensorShape]) -> None:
        document_shape, question_shape = input_shape
        features = int(document_shape[-1])
        if int(question_shape[-1]) != features:
            raise ValueError(f"document has {features} features a word, question {question_shape[-1]}")
        self.document_kernel = self.add_weight("document_kernel", (features, 1))  # Glorot's uniform values
        self.question_kernel = self.add_weight("question_kernel", (features, 1))
        # Equal weights make the initial similarity a scaled dot product, so that equal words attend to each
        # other from the start if the encoder keeps them alike (models/matching_start.py); random signs would
        # have to be unlearned first.
        scaled = tf.keras.initializers.Constant(features**-0.5)
        self.product_kernel = self.add_weight("product_kernel", (1, features), initializer=scaled)
        if self.use_bias:
            self.bias = self.add_weight("bias", (1,), initializer="zeros")
        super().build(input_shape)

    def start_with_product(self) -> None:
        """Let the similarity be the product alone, without a preference for any word of the question."""
        self.document_kernel.assign(tf.zeros_like(self.document_kernel))
        self.question_kernel.assign(tf.zeros_like(self.question_kernel))

    def similarity(
        self, document: tf.Tensor, question: tf.Tensor, training: Optional[bool] = None
    ) -> tf.Tensor:
        """(batch, doc_len, question_len) of (batch, doc_len, features), (batch, question_len, features)."""
        document = self.input_dropout(document, training=training)
        question = self.input_dropout(question, training=training)
        of_question = linear(question, self.question_kernel)  # (batch, question_len, 1)
        if self.use_bias:
            of_question += self.bias
        product = tf.matmul(document * self.product_kernel, question, transpose_b=True)
        return product + linear(document, self.document_kernel) + tf.transpose(of_question, [0, 2, 1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "use_bias": self.use_bias, "dropout": self.dropout}


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class BidafAttention(_TrilinearAttention):
    """Attention flow (Seo et al., 2016, section 2, layer 4; paper, section 3.1).

    Call arguments:
        inputs: document (batch, doc_len, features) and question (batch, question_len, features).
        document_mask, question_mask: bool (batch, doc_len), (batch, question_len).
        question_bias: (batch, question_len) or None, added to the similarity where it is normalised over
            the question.

    Returns:
        ``G = [h; u~; h * u~; h * h~]`` (batch, doc_len, 4 * features); ``h~`` (batch, features), the
        document's words weighted by their best similarity to any word of the question; and the mean of
        ``u~``, the attended question, over the document's words (batch, features). For an empty question
        ``u~`` is 0 and ``h~`` is the mean of the document's words.

    Raises:
        ValueError: document and question differ in their number of features.
    """

    def call(
        self,
        inputs: list[tf.Tensor],
        document_mask: tf.Tensor,
        question_mask: tf.Tensor,
        question_bias: Optional[tf.Tensor] = None,
        training: Optional[bool] = None,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        document, question = inputs
        similarity = self.similarity(document, question, training)  # (batch, doc_len, question_len)
        question_mask = question_mask[:, tf.newaxis, :]
        to_question = masked_softmax(_biased(similarity, question_bias), question_mask)
        attended = tf.matmul(to_question, question)  # (batch, doc_len, features)
        best = tf.reduce_max(mask_logits(similarity, question_mask), axis=-1)
        best = tf.where(tf.reduce_any(question_mask, axis=-1), best, tf.zeros_like(best))
        weights = masked_softmax(best, document_mask)[:, tf.newaxis, :]  # (batch, 1, doc_len)
        query_to_context = tf.matmul(weights, document)  # (batch, 1, features)
        joint = tf.concat([document, attended, document * attended, document * query_to_context], axis=-1)
        return joint, query_to_context[:, 0], _mean_over_words(attended, document_mask)


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class QanetAttention(_TrilinearAttention):
    """Context-query attention (Yu et al., 2018, section 2.2; paper, section 3.2).

    Call arguments:
        inputs: document (batch, doc_len, features) and question (batch, question_len, features).
        document_mask, question_mask: bool (batch, doc_len), (batch, question_len).
        question_bias: (batch, question_len) or None, added to the similarity where it is normalised over
            the question.

    Returns:
        ``[c; a; c * a; c * b]`` (batch, doc_len, 4 * features), with ``a`` the attended question and ``b``
        the document seen through it (``S S'^T C``, S and S' the similarity normalised over question and
        document); the sums over the question's words of the similarity, float32 (batch, doc_len), zero on
        padding; and the mean of ``a`` over the document's words (batch, features).

    Raises:
        ValueError: document and question differ in their number of features.
    """

    def call(
        self,
        inputs: list[tf.Tensor],
        document_mask: tf.Tensor,
        question_mask: tf.Tensor,
        question_bias: Optional[tf.Tensor] = None,
        training: Optional[bool] = None,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        document, question = inputs
        similarity = self.similarity(document, question, training)  # (batch, doc_len, question_len)
        over_question = masked_softmax(_biased(similarity, question_bias), question_mask[:, tf.newaxis, :])
        over_document = masked_softmax(similarity, document_mask[:, :, tf.newaxis], axis=1)
        attended = tf.matmul(over_question, question)  # (batch, doc_len, features)
        seen = tf.matmul(over_document, document, transpose_a=True)  # (batch, question_len, features)
        returned = tf.matmul(over_question, seen)  # (batch, doc_len, features)
        joint = tf.concat([document, attended, document * attended, document * returned], axis=-1)
        both = tf.logical_and(document_mask[:, :, tf.newaxis], question_mask[:, tf.newaxis, :])
        precise = tf.cast(similarity, self.variable_dtype)
        row_sums = tf.reduce_sum(tf.where(both, precise, tf.zeros_like(precise)), axis=-1)
        return joint, row_sums, _mean_over_words(attended, document_mask)


def _mean_over_words(vectors: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The mean of (batch, length, features) where ``mask`` is true: (batch, features), 0 if it never is."""
    words = tf.math.count_nonzero(mask, axis=1, keepdims=True, dtype=tf.float32)  # (batch, 1)
    weights = tf.math.divide_no_nan(tf.cast(mask, tf.float32), words)  # (batch, length)
    # A product of matrices needs no masked copy of all vectors.
    weights = tf.cast(weights, vectors.dtype)[:, tf.newaxis, :]
    return tf.matmul(weights, vectors)[:, 0]


def _biased(similarity: tf.Tensor, question_bias: Optional[tf.Tensor]) -> tf.Tensor:
    if question_bias is None:
        return similarity
    return similarity + tf.cast(question_bias, similarity.dtype)[:, tf.newaxis, :]
