"""Which part of the question a word belongs to: query, prober history or responder history."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

PARTS = 3
# Initial biases of the similarity to words of query, prober history and responder history. The query decides
# what is said next. A responder's earlier answers occur word for word in the document, and their exact
# matches would drown those of the query until the model has learned to ignore them.
PRIOR = (0.0, -6.0, -6.0)


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class QuestionSegments(tf.keras.layers.Layer):
    """Tells the words of query and histories apart, which the teachers read as one question (section 3.1).

    Each part has a learned vector, initially zero, which is added to its words, and a learned bias of the
    similarity, initially ``PRIOR``.

    Call arguments:
        inputs: the question's vectors (batch, question_len, features), its ids (batch, question_len),
            and the ids of the query and of the prober history, (batch, length), 0 = padding.

    Returns:
        The question's vectors with those of the parts added (batch, question_len, features), and the bias
        of every word (batch, question_len).
    """

    def __init__(self, **kwargs: Any):
        super().__init__(autocast=False, **kwargs)

    def build(self, input_shape: list[tf.TensorShape]) -> None:
        self.vectors = self.add_weight("vectors", (PARTS, int(input_shape[0][-1])), initializer="zeros")
        self.bias = self.add_weight("bias", (PARTS,), initializer=tf.keras.initializers.Constant(PRIOR))
        super().build(input_shape)

    def call(self, inputs: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        vectors, question, query, prober = inputs
        # The parts follow each other without padding in between.
        ends = tf.cumsum(tf.stack([_length(query), _length(prober)], axis=1), axis=1)  # (batch, 2)
        positions = tf.range(tf.shape(question)[1])  # (question_len,)
        part = tf.reduce_sum(tf.cast(positions[None, :, None] >= ends[:, None], tf.int32), -1)
        marked = vectors + tf.cast(tf.gather(self.vectors, part), vectors.dtype)
        return marked, tf.gather(self.bias, part)  # (batch, question_len, features), (batch, question_len)


def _length(ids: tf.Tensor) -> tf.Tensor:
    return tf.math.count_nonzero(ids, axis=1, dtype=tf.int32)  # (batch,)
