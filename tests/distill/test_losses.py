import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax, rel_entr, softmax
from sklearn.metrics.pairwise import cosine_similarity

from holle_tf.distill.losses import (
    ensemble_divergence,
    label_cross_entropy,
    mean_direction_cosine,
    teacher_divergence,
    top_k_divergence,
)

RNG = np.random.default_rng(0)
LENGTHS = (9, 4, 1)
MASK = np.arange(9)[None] < np.array(LENGTHS)[:, None]
STUDENT = RNG.normal(size=(3, 9)).astype(np.float32)
TEACHER = RNG.normal(size=(3, 9)).astype(np.float32)


def test_label_cross_entropy_is_minus_log_softmax_over_the_real_tokens():
    labels = [8, 2, 0]
    expected = [-log_softmax(row[:n])[y] for row, n, y in zip(STUDENT, LENGTHS, labels)]
    np.testing.assert_allclose(label_cross_entropy(STUDENT, labels, MASK), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_teacher_divergence_is_kl_summed_over_positions_times_squared_temperature(temperature):
    expected = [
        rel_entr(softmax(t[:n] / temperature), softmax(s[:n] / temperature)).sum() * temperature**2
        for t, s, n in zip(TEACHER, STUDENT, LENGTHS)
    ]
    found = teacher_divergence(STUDENT, TEACHER, MASK, temperature)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_teacher_divergence_is_not_symmetric_and_zero_for_equal_distributions():
    forward = teacher_divergence(STUDENT, TEACHER, MASK)
    backward = teacher_divergence(TEACHER, STUDENT, MASK)
    assert np.abs(forward - backward).max() > 1e-2
    np.testing.assert_allclose(teacher_divergence(STUDENT + 5.0, STUDENT, MASK), 0.0, atol=1e-5)


def test_whatever_stands_on_padding_changes_neither_loss_nor_gradient():
    student = tf.Variable(STUDENT)
    noise = np.where(MASK, 0.0, 50.0).astype(np.float32)
    results = []
    for shift in (0.0, 1.0):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(teacher_divergence(student + shift * noise, TEACHER + shift * noise, MASK))
            loss += tf.reduce_sum(label_cross_entropy(student + shift * noise, [8, 2, 0], MASK))
        results.append((loss.numpy(), tape.gradient(loss, student).numpy()))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-6)
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-6)
    assert not results[0][1][~MASK].any()


def test_gradient_of_the_divergence_is_the_difference_of_probabilities():
    student = tf.Variable(STUDENT)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(teacher_divergence(student, TEACHER, MASK))
    for row, n, s, t in zip(tape.gradient(loss, student).numpy(), LENGTHS, STUDENT, TEACHER):
        np.testing.assert_allclose(row[:n], softmax(s[:n]) - softmax(t[:n]), atol=1e-5)


def test_no_gradient_reaches_the_teacher():
    teacher = tf.Variable(TEACHER)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(teacher_divergence(STUDENT, teacher, MASK))
    assert tape.gradient(loss, teacher) is None


def test_half_precision_logits_give_a_finite_float32_loss():
    for dtype in (tf.float16, tf.bfloat16):
        loss = teacher_divergence(tf.cast(STUDENT, dtype), tf.cast(TEACHER, dtype), MASK)
        assert loss.dtype == tf.float32
        assert np.isfinite(loss).all()


@pytest.mark.parametrize(("k", "temperature"), [(3, 1.0), (3, 2.0), (50, 1.0)])
def test_top_k_divergence_is_kl_of_both_restricted_to_the_teachers_best_positions(k, temperature):
    expected = []
    for t, s, n in zip(TEACHER, STUDENT, LENGTHS):
        best = np.argsort(-t[:n])[:k]
        p, q = (softmax(logits[best] / temperature) for logits in (t, s))
        expected.append(rel_entr(p, q).sum() * temperature**2)
    found = top_k_divergence(STUDENT, TEACHER, MASK, k, temperature)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_top_k_divergence_moves_no_logit_outside_of_the_best_positions():
    student = tf.Variable(STUDENT)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(top_k_divergence(student, TEACHER, MASK, 2))
    gradient = tape.gradient(loss, student).numpy()
    for row, t, n in zip(gradient, TEACHER, LENGTHS):
        assert set(np.flatnonzero(np.abs(row) > 1e-9)) <= set(np.argsort(-t[:n])[:2])
    assert np.abs(gradient[0]).max() > 1e-3


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_ensemble_divergence_is_kl_from_the_mean_of_the_teachers_probabilities(temperature):
    second = RNG.normal(size=TEACHER.shape).astype(np.float32)
    expected = []
    for t, u, s, n in zip(TEACHER, second, STUDENT, LENGTHS):
        p = (softmax(t[:n] / temperature) + softmax(u[:n] / temperature)) / 2
        expected.append(rel_entr(p, softmax(s[:n] / temperature)).sum() * temperature**2)
    found = ensemble_divergence(STUDENT, [TEACHER, second], MASK, temperature)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_mean_direction_cosine_is_that_of_scikit_learn():
    vectors = RNG.normal(size=(5, 7)) + 1.0
    expected = cosine_similarity(vectors, vectors.mean(axis=0, keepdims=True))[:, 0]
    np.testing.assert_allclose(mean_direction_cosine(vectors), expected, rtol=1e-5)


def test_mean_direction_cosine_of_zeros_has_a_finite_gradient():
    vectors = tf.Variable(tf.zeros((3, 4)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(mean_direction_cosine(vectors))
    assert np.isfinite(tape.gradient(total, vectors)).all()
