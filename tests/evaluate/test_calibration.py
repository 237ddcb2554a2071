"""How sure and how right predictions are: the same numbers as from a loop over single predictions."""

import math

import numpy as np
import pytest
from scipy import stats

from holle_tf.distill.teacher_cache import UNKNOWN
from holle_tf.evaluate.calibration import (
    BINS,
    TEMPERATURES,
    best_temperature,
    score_quality,
)


def make_batches(examples=60, scale=3.0, seed=0):
    """Batches of different widths with padding, whose labels are drawn from softmax(logits / scale)."""
    rng = np.random.default_rng(seed)
    batches = []
    for width in (7, 12):
        logits = rng.normal(size=(examples, 2, width))
        logits[: examples // 2, :, width - 3 :] = UNKNOWN
        p = np.exp(logits - logits.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        labels = np.array([[rng.choice(width, p=edge) for edge in row] for row in p])
        batches.append((np.where(logits > UNKNOWN, logits * scale, UNKNOWN).astype(np.float32), labels))
    return batches


def predictions(batches):
    """Each prediction by itself: its probabilities and its label."""
    for logits, labels in batches:
        for row, label in zip(logits.reshape(-1, logits.shape[-1]), labels.ravel()):
            weights = [math.exp(x) if x > UNKNOWN else 0.0 for x in row.tolist()]
            yield [w / sum(weights) for w in weights], int(label)


def test_the_measures_are_those_of_a_loop_over_single_predictions():
    batches = make_batches()
    found, each = score_quality(batches), list(predictions(batches))
    assert len(each) == 240
    assert found.maximum == pytest.approx(np.mean([max(p) for p, _ in each]))
    entropies = [-sum(x * math.log(x) for x in p if x > 0) for p, _ in each]
    assert found.entropy == pytest.approx(np.mean(entropies))
    assert found.nll == pytest.approx(np.mean([-math.log(p[label]) for p, label in each]))
    assert found.accuracy == pytest.approx(np.mean([p.index(max(p)) == label for p, label in each]))
    assert found.labels_kept == 1.0


def test_the_calibration_error_is_that_of_binned_means():
    batches = make_batches()
    sure = np.array([max(p) for p, _ in predictions(batches)])
    right = np.array([p.index(max(p)) == label for p, label in predictions(batches)], float)
    edges = np.linspace(0, 1, BINS + 1)
    gap = stats.binned_statistic(sure, right - sure, "mean", edges)
    sizes = stats.binned_statistic(sure, sure, "count", edges).statistic
    expected = np.nansum(np.abs(gap.statistic) * sizes) / len(sure)
    assert expected > 0.05
    assert score_quality(batches).ece == pytest.approx(expected)


def test_sure_and_right_predictions_have_no_calibration_error_and_sure_and_wrong_ones_all_of_it():
    logits = np.full((4, 2, 5), -1000.0)
    logits[:, :, 2] = 0.0
    right = score_quality([(logits, np.full((4, 2), 2))])
    assert (right.maximum, right.entropy, right.nll, right.accuracy, right.ece) == (1, 0, 0, 1, 0)
    wrong = score_quality([(logits, np.full((4, 2), 1))])
    assert (wrong.nll, wrong.accuracy, wrong.ece) == (1000, 0, 1)


def test_labels_that_were_not_kept_are_left_out_of_the_likelihood_and_counted():
    logits = np.zeros((2, 2, 4))
    logits[:, :, 3] = UNKNOWN
    found = score_quality([(logits, np.array([[0, 3], [1, 2]]))])
    assert found.labels_kept == 0.75 and found.nll == pytest.approx(math.log(3))
    assert math.isnan(score_quality([(logits, np.full((2, 2), 3))]).nll)


def test_no_predictions_are_an_error():
    with pytest.raises(ValueError, match="no predictions"):
        score_quality([])


def test_the_best_temperature_undoes_the_scale_of_the_logits_and_no_other_is_better():
    batches = make_batches(examples=2000)
    found = best_temperature(batches)
    assert found.temperature == pytest.approx(3.0, rel=0.06)

    def nll(temperature):
        return score_quality([(logits / temperature, labels) for logits, labels in batches]).nll

    assert found.nll_before == pytest.approx(nll(1.0))
    assert found.nll_after == pytest.approx(nll(found.temperature))
    assert found.nll_after < min(nll(found.temperature * factor) for factor in (0.97, 1.03))


def test_the_temperature_stays_within_its_bounds():
    logits = np.tile(np.array([0.5, 0.0, 0.0]), (5, 2, 1))
    always_right = best_temperature([(logits, np.zeros((5, 2), int))])
    always_wrong = best_temperature([(logits, np.ones((5, 2), int))])
    assert always_right.temperature == pytest.approx(TEMPERATURES[0], rel=1e-2)
    assert always_wrong.temperature == pytest.approx(TEMPERATURES[1], rel=1e-2)
