"""The terms of the controls, against a naive computation, one example after the other."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import rel_entr, softmax

from holle_tf.distill.losses import label_cross_entropy, smoothed_label_divergence
from holle_tf.distill.recipes import recipe
from holle_tf.distill.terms import TERMS, Batch, value_of
from holle_tf.models.outputs import EDGES
from holle_tf.options.distill import DistillConfig

RNG = np.random.default_rng(0)
LENGTHS = np.array([9, 4, 1, 7])
MASK = np.arange(9) < LENGTHS[:, None]
LABELS = {"start": np.array([8, 0, 0, 2]), "end": np.array([8, 3, 0, 5])}
SURE = {"start": 20 * np.eye(9)[[4, 3, 0, 6]], "end": 20 * np.eye(9)[[7, 3, 0, 6]]}


def _logits():
    """Logits as of a model: far below all others on padding."""
    return {
        f"{edge}_logits": np.where(MASK, RNG.normal(size=MASK.shape), -1e9).astype(np.float32)
        for edge in EDGES
    }


STUDENT, TEACHERS = {**_logits(), "document_mask": MASK}, [_logits(), _logits()]


def _batch(rows=4, teachers=TEACHERS, **options):
    cut = [{name: values[:rows] for name, values in part.items()} for part in (STUDENT, LABELS, *teachers)]
    student, labels, *teachers = cut
    return Batch(student, teachers, labels, {}, None, None, [], [], DistillConfig(**options), None)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_shuffled_is_the_divergence_from_the_teacher_on_the_example_before(temperature):
    expected = np.zeros(4)
    for i, words in enumerate(LENGTHS):
        for scores in TEACHERS:
            for edge in EDGES:
                other, own = (
                    part[f"{edge}_logits"][j, :words] for part, j in ((scores, i - 1), (STUDENT, i))
                )
                p, q = softmax(other / temperature), softmax(own / temperature)
                expected[i] += rel_entr(p, q).sum() * temperature**2
    found = value_of("shuffled", _batch(temperature=temperature))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert np.abs(found - value_of("teacher", _batch(temperature=temperature))).max() > 0.1


def test_a_batch_of_a_single_example_has_no_other_to_take_scores_from():
    assert value_of("shuffled", _batch(rows=1)).numpy().tolist() == [0.0]
    assert value_of("teacher", _batch(rows=1))[0] > 0


def test_scores_of_a_longer_document_are_cut_and_renormalised_even_if_the_teacher_is_sure_of_a_later_word():
    teacher = {f"{edge}_logits": np.where(MASK, SURE[edge], -1e9).astype(np.float32) for edge in EDGES}
    found = value_of("shuffled", _batch(teachers=[teacher])).numpy()
    assert np.isfinite(found).all()
    # The words of the second document are all alike to a teacher who is sure of the fifth and eighth of nine.
    own = [softmax(STUDENT[f"{edge}_logits"][1, :4]) for edge in EDGES]
    assert found[1] == pytest.approx(sum(rel_entr(np.full(4, 0.25), q).sum() for q in own), rel=1e-4)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_smoothed_is_summed_over_ends_and_teachers(temperature):
    expected = sum(
        smoothed_label_divergence(
            STUDENT[f"{edge}_logits"], scores[f"{edge}_logits"], LABELS[edge], MASK, temperature
        )
        for scores in TEACHERS
        for edge in EDGES
    )
    found = value_of("smoothed", _batch(temperature=temperature))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_with_a_one_hot_teacher_add_smoothed_is_add_twice():
    teacher = {f"{edge}_logits": np.where(MASK, 10 * SURE[edge], -1e9).astype(np.float32) for edge in EDGES}

    def objective(name):
        chosen = recipe(name)
        options = chosen.over(DistillConfig())
        batch = _batch(teachers=[teacher])._replace(options=options)
        return sum(getattr(options, TERMS[term].weight) * value_of(term, batch) for term in chosen.terms)

    np.testing.assert_allclose(objective("add_smoothed"), objective("add_twice"), rtol=1e-5, atol=1e-5)
    both = sum(label_cross_entropy(STUDENT[f"{edge}_logits"], LABELS[edge], MASK) for edge in EDGES)
    np.testing.assert_allclose(objective("add_twice"), 2 * both, rtol=1e-6)


def test_the_terms_compile_with_xla_as_part_of_a_step():
    student = {name: tf.constant(values) for name, values in STUDENT.items()}

    @tf.function(jit_compile=True)
    def step(start):
        with tf.GradientTape() as tape:
            tape.watch(start)
            batch = _batch()._replace(student={**student, "start_logits": start})
            value = tf.reduce_sum(value_of("smoothed", batch) + value_of("shuffled", batch))
        return value, tape.gradient(value, start)

    value, gradient = step(student["start_logits"])
    expected = np.sum(value_of("smoothed", _batch()) + value_of("shuffled", _batch()))
    assert value.numpy() == pytest.approx(expected, rel=1e-4)
    assert np.isfinite(gradient).all() and not gradient.numpy()[~MASK].any()
