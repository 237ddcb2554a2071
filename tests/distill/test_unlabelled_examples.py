"""Examples without labels in a batch: the objective, its gradients, and shares of replicas."""

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.distill.distiller import Distiller, online_teacher
from holle_tf.distill.shares import share_of
from holle_tf.options.distill import DistillConfig
from tests.distill.small_student import FEATURES, LABELS, compiled, small_student

UNLABELLED = {
    edge: np.where(np.arange(6) < 4, values, -1).astype(np.int32) for edge, values in LABELS.items()
}


def _log_softmax(logits, words):
    row = logits[:words].astype(np.float64)
    return row - np.log(np.sum(np.exp(row - row.max()))) - row.max()


def _naive_objective(student, teacher, labels):
    """Labels and equation (1), row by row: the means over all rows, and the values of each row."""
    own, other = student(FEATURES), teacher(FEATURES)
    of_labels, of_teacher = np.zeros(6), np.zeros(6)
    for row in range(6):
        words = int(np.sum(own["document_mask"][row]))
        for edge in ("start", "end"):
            log_p = _log_softmax(own[f"{edge}_logits"][row].numpy(), words)
            log_t = _log_softmax(other[f"{edge}_logits"][row].numpy(), words)
            of_teacher[row] += np.sum(np.exp(log_t) * (log_t - log_p))
            if labels[edge][row] >= 0:
                of_labels[row] -= log_p[labels[edge][row]]
    return of_labels.mean(), of_teacher.mean(), of_labels, of_teacher


def _evaluated(distiller, labels, count=6):
    features = {name: ids[:count] for name, ids in FEATURES.items()}
    batches = tf.data.Dataset.from_tensors(
        (features, {edge: values[:count] for edge, values in labels.items()})
    )
    return compiled(distiller).evaluate(batches, verbose=0, return_dict=True)


def test_the_objective_of_a_mixed_batch_is_the_mean_over_all_of_its_examples():
    student, teacher = small_student(0), small_student(1)
    options = DistillConfig(labels_weight=0.7, teacher_weight=0.4)
    distiller = Distiller(student, ["labels", "teacher"], [online_teacher(teacher)], options, pool=True)
    logs = _evaluated(distiller, UNLABELLED)
    labels, kl, *_ = _naive_objective(student, teacher, UNLABELLED)
    assert logs["labels"] == pytest.approx(labels, rel=1e-5)
    assert logs["teacher"] == pytest.approx(kl, rel=1e-4)
    assert logs["loss"] == pytest.approx(0.7 * labels + 0.4 * kl, rel=1e-5)


def test_the_objective_on_labelled_examples_is_that_without_a_pool():
    student, teacher = small_student(0), small_student(1)
    terms, teachers = ["labels", "teacher"], [online_teacher(teacher)]
    alone = _evaluated(Distiller(student, terms, teachers), LABELS, 4)
    mixed = _evaluated(Distiller(student, terms, teachers, pool=True), UNLABELLED)
    of_pool = _naive_objective(student, teacher, UNLABELLED)[3][4:].mean()
    assert mixed["loss"] == pytest.approx((4 * alone["loss"] + 2 * of_pool) / 6, rel=1e-5)


def test_examples_without_labels_have_no_gradient_of_the_labels():
    student = small_student()
    distiller = compiled(Distiller(student, ["labels"], pool=True))
    weights = student.trainable_variables

    def gradients(rows):
        features = {name: ids[rows] for name, ids in FEATURES.items()}
        labels = {edge: tf.constant(values[rows]) for edge, values in UNLABELLED.items()}
        losses, found = distiller._forward_backward(features, labels)
        return float(losses["labels"]), [tf.convert_to_tensor(g).numpy() for g in found]

    loss, found = gradients(slice(4, 6))
    assert loss == 0.0 and len(found) == len(weights) and all(not np.any(g) for g in found)
    (whole, found), (part, expected) = gradients(slice(0, 6)), gradients(slice(0, 4))
    assert whole == pytest.approx(part * 4 / 6, rel=1e-5)
    for gradient, other in zip(found, expected):
        np.testing.assert_allclose(gradient, other * 4 / 6, atol=1e-6)


def test_a_batch_all_of_whose_examples_have_labels_trains_as_without_a_pool():
    found = []
    for pool in (False, True):
        student, teacher = small_student(0), small_student(1)
        distiller = compiled(Distiller(student, ["labels", "teacher"], [online_teacher(teacher)], pool=pool))
        distiller.fit(tf.data.Dataset.from_tensors((FEATURES, LABELS)).repeat(3), verbose=0)
        found.append([v.numpy() for v in student.trainable_variables])
    for left, right in zip(*found):
        np.testing.assert_allclose(left, right, atol=1e-6)


@pytest.mark.parametrize("replicas", [2, 3, 4])
def test_replicas_contribute_to_the_same_objective_if_some_have_no_labels_at_all(replicas):
    student, teacher = small_student(0), small_student(1)
    distiller = compiled(Distiller(student, ["labels", "teacher"], [online_teacher(teacher)], pool=True))
    labels = {edge: tf.constant(values) for edge, values in UNLABELLED.items()}
    whole, _ = distiller._forward_backward(FEATURES, labels)
    parts = [
        distiller._evaluate_terms(*share_of(FEATURES, labels, replicas, i)[:2], True, share)
        for i in range(replicas)
        for share in [share_of(FEATURES, labels, replicas, i)[2]]
    ]
    for name in ("loss", "labels", "teacher"):
        assert sum(float(part[name]) for part in parts) == pytest.approx(float(whole[name]), rel=1e-5)


@pytest.mark.parametrize("terms", [["topk"], ["gradient"], ["labels", "teacher", "hallucinated"]])
def test_other_terms_learn_from_examples_without_labels(terms):
    question = np.concatenate(
        [FEATURES[name] for name in ("query", "prober_history", "responder_history")], 1
    )
    features = {**FEATURES, "question": question}
    if "hallucinated" in terms:
        features.update({f"hallucinated:{name}": ids for name, ids in features.items()})
    student = small_student(0)
    distiller = compiled(Distiller(student, terms, [online_teacher(small_student(1))], pool=True))
    nothing = {edge: tf.fill([6], -1) for edge in LABELS}
    losses, gradients = distiller._forward_backward(features, nothing)
    assert float(losses["loss"]) > 0 and np.isfinite(float(losses["loss"]))
    assert all(np.all(np.isfinite(tf.convert_to_tensor(g))) for g in gradients)
    assert any(np.any(tf.convert_to_tensor(g)) for g in gradients)
