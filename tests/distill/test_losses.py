import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from scipy.special import log_softmax, rel_entr, softmax
from sklearn.metrics.pairwise import cosine_similarity

from holle_tf.distill.losses import (
    ensemble_divergence,
    entropy,
    label_cross_entropy,
    mean_direction_cosine,
    smoothed_label_divergence,
    smoothing_of_entropy,
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


@pytest.mark.parametrize("k", [1, 2, 3, 50])
def test_the_position_of_no_answer_is_always_among_the_best(k):
    teacher = TEACHER.copy()
    teacher[:, 0] = TEACHER.min() - 3  # the least likely position of all
    expected = []
    for t, s, n in zip(teacher, STUDENT, LENGTHS):
        best = [0, *(np.argsort(-t[1:n])[: k - 1] + 1)]
        p, q = (softmax(logits[best]) for logits in (t, s))
        expected.append(rel_entr(p, q).sum())
    found = top_k_divergence(STUDENT, teacher, MASK, k, keep_first=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_ensemble_divergence_is_kl_from_the_mean_of_the_teachers_probabilities(temperature):
    second = RNG.normal(size=TEACHER.shape).astype(np.float32)
    expected = []
    for t, u, s, n in zip(TEACHER, second, STUDENT, LENGTHS):
        p = (softmax(t[:n] / temperature) + softmax(u[:n] / temperature)) / 2
        expected.append(rel_entr(p, softmax(s[:n] / temperature)).sum() * temperature**2)
    found = ensemble_divergence(STUDENT, [TEACHER, second], MASK, temperature)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def _smoothed(words, label, epsilon):
    """The smoothed label over some words, float64, (words,)."""
    return (1 - epsilon) * np.eye(words)[label] + epsilon / words


def _naive_epsilon(words, label, wanted):
    """Where the entropy of the smoothed label is nearest to ``wanted``, on a fine grid."""
    grid = np.linspace(0, 1, 200_001)
    return grid[np.argmin(np.abs(stats.entropy(_smoothed(words, label, grid[:, None]), axis=1) - wanted))]


@pytest.mark.parametrize("sureness", [0.0, 0.3, 1.0, 5.0, 30.0])
def test_smoothing_has_the_entropy_of_the_teacher(sureness):
    log_p = log_softmax(np.where(MASK, sureness * TEACHER, -1e9), axis=1).astype(np.float32)
    wanted = [stats.entropy(softmax(sureness * t[:n])) for t, n in zip(TEACHER, LENGTHS)]
    np.testing.assert_allclose(entropy(log_p, MASK), wanted, atol=1e-5)
    found = smoothing_of_entropy(entropy(log_p, MASK), MASK).numpy().astype(np.float64)
    assert ((found >= 0) & (found <= 1)).all()
    for epsilon, words, expected in zip(found, LENGTHS, wanted):
        assert stats.entropy(_smoothed(words, 0, epsilon)) == pytest.approx(expected, abs=1e-5)


def test_smoothing_is_as_precise_over_a_long_document():
    mask = np.ones((4, 3000), bool)
    wanted = np.array([1e-6, 0.04, 3.0, np.log(3000)], np.float32)
    for epsilon, expected in zip(smoothing_of_entropy(wanted, mask).numpy().astype(np.float64), wanted):
        assert stats.entropy(_smoothed(3000, 7, epsilon)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_smoothed_label_divergence_is_kl_from_a_label_as_unsure_as_the_teacher(temperature):
    labels, expected = [8, 1, 0], []
    for t, s, n, y in zip(3 * TEACHER, STUDENT, LENGTHS, labels):
        wanted = stats.entropy(softmax(t[:n] / temperature))
        p = _smoothed(n, y, _naive_epsilon(n, y, wanted))
        expected.append(rel_entr(p, softmax(s[:n] / temperature)).sum() * temperature**2)
    found = smoothed_label_divergence(STUDENT, 3 * TEACHER, labels, MASK, temperature)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_gradient_of_the_smoothed_label_divergence_is_that_of_finite_differences():
    teacher, labels = tf.Variable(TEACHER), [8, 1, 0]

    def value(student):
        return tf.reduce_sum(smoothed_label_divergence(student, teacher, labels, MASK)).numpy()

    student = tf.Variable(STUDENT)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(smoothed_label_divergence(student, teacher, labels, MASK))
    gradient, of_teacher = tape.gradient(loss, [student, teacher])
    assert of_teacher is None
    step = 0.01
    for row, word in [(0, 8), (0, 2), (1, 1), (1, 0), (2, 0), (1, 5)]:
        move = np.zeros_like(STUDENT)
        move[row, word] = step
        slope = (value(STUDENT + move) - value(STUDENT - move)) / (2 * step)
        assert gradient[row, word].numpy() == pytest.approx(slope, abs=1e-3)


def test_with_a_one_hot_teacher_the_smoothed_label_is_the_label():
    labels = [8, 2, 0]
    student = tf.Variable(STUDENT)
    sure = 200.0 * np.eye(9)[[3, 1, 0]].astype(np.float32)  # of other words than the labels
    with tf.GradientTape(persistent=True) as tape:
        smoothed = smoothed_label_divergence(student, sure, labels, MASK)
        plain = label_cross_entropy(student, labels, MASK)
    np.testing.assert_allclose(smoothed, plain, atol=1e-5)
    np.testing.assert_allclose(tape.gradient(smoothed, student), tape.gradient(plain, student), atol=1e-5)


def test_mean_direction_cosine_is_that_of_scikit_learn():
    vectors = RNG.normal(size=(5, 7)) + 1.0
    expected = cosine_similarity(vectors, vectors.mean(axis=0, keepdims=True))[:, 0]
    np.testing.assert_allclose(mean_direction_cosine(vectors), expected, rtol=1e-5)


def test_mean_direction_cosine_of_zeros_has_a_finite_gradient():
    vectors = tf.Variable(tf.zeros((3, 4)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(mean_direction_cosine(vectors))
    assert np.isfinite(tape.gradient(total, vectors)).all()
