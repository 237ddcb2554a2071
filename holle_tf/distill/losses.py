"""Losses of the paper as pure functions.

Each takes logits (batch, doc_len) and an explicit mask, computes in float32, sums over the positions
of the document and returns one value for each example, (batch,); the caller averages over examples.
"""

from __future__ import annotations

import math
from typing import Optional, Sequence

import numpy as np
import tensorflow as tf

from holle_tf.models.layers.masking import mask_logits

_HALVINGS = 32  # of the interval of epsilon; the entropy changes by at most some 20 nats per unit of epsilon


def log_probabilities(logits: tf.Tensor, mask: tf.Tensor, temperature: float = 1.0) -> tf.Tensor:
    """log softmax over the real tokens: (batch, doc_len) float32, far below zero on padding."""
    scaled = tf.cast(logits, tf.float32) / temperature
    return tf.nn.log_softmax(mask_logits(scaled, mask), axis=-1)


def label_cross_entropy(logits: tf.Tensor, labels: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """D(y || p^S), terms 2 and 4 of equation (1); the entropy of a one-hot y is zero.

    Args:
        logits: (batch, doc_len)
        labels: integer, (batch,), index of the right position, which must be a real token.
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
    return _kl(log_teacher, log_student, mask) * temperature**2


def top_k_divergence(
    student_logits: tf.Tensor,
    teacher_logits: tf.Tensor,
    mask: tf.Tensor,
    k: int,
    temperature: float = 1.0,
    keep_first: bool = False,
) -> tf.Tensor:
    """Equation (2): D(p^T || p^S), both restricted to the teacher's best k positions and renormalised there.

    Args:
        student_logits, teacher_logits: (batch, doc_len)
        mask: bool, (batch, doc_len); with fewer than k real tokens, a document has all of them compared.
        k: positive; ``doc_len`` or more gives ``teacher_divergence``.
        temperature: divides both logits; the value is multiplied by its square.
        keep_first: the first position, which stands for "no answer", is always among the k. Otherwise the
            student would not learn how unlikely that is.

    Returns:
        float32, (batch,), in nats, not negative.
    """
    teacher = mask_logits(tf.cast(tf.stop_gradient(teacher_logits), tf.float32), mask)
    ranked = tf.concat([teacher[:, :1] + np.inf, teacher[:, 1:]], axis=1) if keep_first else teacher
    best = tf.math.top_k(ranked, tf.minimum(k, tf.shape(teacher)[1])).indices  # (batch, k)
    student, teacher = (
        tf.gather(logits, best, batch_dims=1) for logits in (tf.cast(student_logits, tf.float32), teacher)
    )
    return teacher_divergence(student, teacher, tf.gather(mask, best, batch_dims=1), temperature)


def ensemble_divergence(
    student_logits: tf.Tensor,
    teachers_logits: Sequence[tf.Tensor],
    mask: tf.Tensor,
    temperature: float = 1.0,
) -> tf.Tensor:
    """D(p^T || p^S) where p^T is the mean of the teachers' probabilities (paper, section 4.2).

    Args:
        student_logits, each of teachers_logits: (batch, doc_len)
        mask: bool, (batch, doc_len)
        temperature: divides all logits; the value is multiplied by its square.

    Returns:
        float32, (batch,), in nats, not negative.
    """
    each = [log_probabilities(tf.stop_gradient(logits), mask, temperature) for logits in teachers_logits]
    log_teacher = tf.reduce_logsumexp(tf.stack(each), axis=0) - math.log(len(each))  # (batch, doc_len)
    log_student = log_probabilities(student_logits, mask, temperature)
    return _kl(log_teacher, log_student, mask) * temperature**2


def smoothed_label_divergence(
    student_logits: tf.Tensor,
    teacher_logits: tf.Tensor,
    labels: tf.Tensor,
    mask: tf.Tensor,
    temperature: float = 1.0,
) -> tf.Tensor:
    """D(smoothed label || p^S), where the smoothed label has the entropy of p^T.

    It is what ``teacher_divergence`` would be if the teacher knew no more than the label and how sure to be
    of it. Label smoothing is that of Szegedy et al., 2016. No gradient flows into the teacher.

    Args:
        student_logits, teacher_logits: (batch, doc_len)
        labels: integer, (batch,), index of the right position, which must be a real token.
        mask: bool, (batch, doc_len)
        temperature: divides both logits; the value is multiplied by its square.

    Returns:
        float32, (batch,), in nats, not negative.
    """
    log_teacher = log_probabilities(tf.stop_gradient(teacher_logits), mask, temperature)
    epsilon = smoothing_of_entropy(entropy(log_teacher, mask), mask)
    log_student = log_probabilities(student_logits, mask, temperature)
    words = _words(mask)
    at_label = tf.gather(log_student, labels, axis=1, batch_dims=1)
    mean = tf.reduce_sum(tf.where(mask, log_student, 0.0), axis=-1) / words
    cross_entropy = -(1.0 - epsilon) * at_label - epsilon * mean
    return (cross_entropy - _smoothed_entropy(epsilon, words)) * temperature**2


def smoothing_of_entropy(wanted: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """The epsilon for which (1 - epsilon) * one-hot + epsilon * uniform has the entropy ``wanted``.

    It is found by bisection, because the entropy has no inverse in closed form. It rises with epsilon.

    Args:
        wanted: float32, (batch,), in nats, at most the logarithm of the number of real tokens.
        mask: bool, (batch, doc_len), true on the tokens over which the uniform distribution extends.

    Returns:
        float32, (batch,), from 0 to 1, without a gradient. The entropy is right within 1e-5 nats.
    """
    wanted, words = tf.stop_gradient(wanted), _words(mask)

    def halve(low: tf.Tensor, high: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        middle = (low + high) / 2.0
        enough = _smoothed_entropy(middle, words) >= wanted
        return tf.where(enough, low, middle), tf.where(enough, middle, high)

    start = (tf.zeros_like(wanted), tf.ones_like(wanted))
    low, high = tf.while_loop(lambda *_: True, halve, start, maximum_iterations=_HALVINGS)
    return tf.stop_gradient((low + high) / 2.0)


def entropy(log_p: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Entropy in nats of log probabilities (batch, doc_len) over the real tokens: float32, (batch,)."""
    return -tf.reduce_sum(tf.where(mask, tf.exp(log_p) * log_p, 0.0), axis=-1)


def mean_direction_cosine(vectors: tf.Tensor, mean: Optional[tf.Tensor] = None) -> tf.Tensor:
    """ATM(v, V) = cos(v, mean V) of every v (paper, section 4.1): (n, size) -> float32, (n,).

    Args:
        mean: float32, (size,), where V has more vectors than these.
    """
    vectors = tf.cast(vectors, tf.float32)
    mean = tf.reduce_mean(vectors, axis=0, keepdims=True) if mean is None else mean[tf.newaxis]  # (1, size)
    # The epsilon in the norms keeps the gradient of a zero vector finite.
    unit = [v * tf.math.rsqrt(tf.reduce_sum(v * v, -1, keepdims=True) + 1e-12) for v in (vectors, mean)]
    return tf.reduce_sum(unit[0] * unit[1], axis=-1)


def _smoothed_entropy(epsilon: tf.Tensor, words: tf.Tensor) -> tf.Tensor:
    """Entropy of (1 - epsilon) * one-hot + epsilon * uniform over ``words`` tokens: float32, (batch,)."""
    other = epsilon / words  # probability of each token but the right one
    others = other * (words - 1.0)
    return -tf.math.xlog1py(1.0 - others, -others) - tf.math.xlogy(others, other)


def _words(mask: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(mask, tf.float32), axis=-1)


def _kl(log_p: tf.Tensor, log_q: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.where(mask, tf.exp(log_p) * (log_p - log_q), 0.0), axis=-1)
