"""Losses of the paper as pure functions.

Each takes logits (batch, doc_len) and an explicit mask, computes in float32, sums over the positions
of the document and returns one value for each example, (batch,); the caller averages over examples.
"""

from __future__ import annotations

import tensorflow as tf

from holle_tf.models.layers.masking import mask_logits


def log_probabilities(logits: tf.Tensor, mask: tf.Tensor, temperature: float = 1.0) -> tf.Tensor:
    """log softmax over the real tokens: (batch, doc_len) float32, far below zero on padding."""
    scaled = tf.cast(logits, tf.float32) / temperature
    return tf.nn.log_softmax(mask_logits(scaled, mask), axis=-1)


def label_cross_entropy(logits: tf.Tensor, labels: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """D(y || p^S), terms 2 and 4 of equation (1); the entropy of a one-hot y is zero.

    Args:
        logits: (batch, doc_len)
        labels: integer, (batch,), index of the right position, which has to be a real token.
        mask: bool, (batch, doc_len)

    Returns:
        float32, (batch,), in nats.
    """
    log_p = log_probabilities(logits, mask)
    return -tf.gather(log_p, labels, axis=1, batch_dims=1)


def teacher_divergence(
    student_logits: tf.Tensor, teacher_logits: tf.Tensor, mask: tf.Tensor, temperature: float = 1.0
) -> tf.Tensor:
    """D(p^T || p^S), terms 1 and 3 of equation (1), at a temperature and times its square.

    The square keeps the size of the gradients as the temperature rises (Hinton et al., 2015). No
    gradient flows into the teacher.

    Args:
        student_logits, teacher_logits: (batch, doc_len)
        mask: bool, (batch, doc_len), true on real tokens; padding contributes nothing.
        temperature: divides both logits.

    Returns:
        float32, (batch,), in nats, not negative.
    """
    log_teacher = log_probabilities(tf.stop_gradient(teacher_logits), mask, temperature)
    log_student = log_probabilities(student_logits, mask, temperature)
    divergence = tf.where(mask, tf.exp(log_teacher) * (log_teacher - log_student), 0.0)
    return tf.reduce_sum(divergence, axis=-1) * temperature**2
