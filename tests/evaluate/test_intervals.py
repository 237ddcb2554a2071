import numpy as np
import pytest

from holle_tf.evaluate.intervals import bootstrap_interval


def test_the_interval_is_that_of_the_normal_approximation():
    scores = np.random.default_rng(3).uniform(0, 100, 900)
    low, high = bootstrap_interval(scores)
    half = 1.96 * scores.std() / np.sqrt(len(scores))
    assert (low, high) == pytest.approx((scores.mean() - half, scores.mean() + half), abs=0.15 * half)
    assert bootstrap_interval(scores) == (low, high)


def test_a_smaller_share_is_a_narrower_interval_and_equal_scores_have_none():
    scores = np.arange(50.0)
    (a, b), (c, d) = bootstrap_interval(scores, 0.5), bootstrap_interval(scores)
    assert c < a < scores.mean() < b < d
    assert bootstrap_interval([40.0] * 7) == (40.0, 40.0)
