from random import Random

import numpy as np
import pytest
from scipy import stats

from holle_tf.evaluate import statistics
from holle_tf.evaluate.statistics import over_examples, over_seeds, paired_bootstrap


def test_the_interval_over_seeds_is_students():
    values = [59.0, 62.5, 61.0]
    found = over_seeds(values)
    # 4.3027 is the two-sided 95 % point of t with 2 degrees of freedom, from any table.
    half = 4.3027 * np.std(values, ddof=1) / np.sqrt(3)
    assert found.mean == pytest.approx(np.mean(values))
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half), rel=1e-4)
    assert "3 seeds" in found.method


def test_one_seed_has_no_interval_over_seeds():
    with pytest.raises(ValueError, match="1 values"):
        over_seeds([60.0])


def test_the_bootstrap_over_many_examples_is_near_the_normal_interval():
    values = np.random.default_rng(0).normal(50, 30, 2000)
    found = over_examples(values, 4000)
    half = 1.96 * stats.sem(values)
    assert found.low == pytest.approx(values.mean() - half, abs=0.15)
    assert found.high == pytest.approx(values.mean() + half, abs=0.15)


def test_pairing_sees_a_small_difference_in_a_large_spread():
    generator = np.random.default_rng(1)
    second = generator.uniform(0, 100, 500)
    first = second + generator.normal(1.0, 3.0, 500)
    found = paired_bootstrap(first, second, 4000)
    assert found.p < 0.001 and 0 < found.low < found.mean < found.high
    # Unpaired, the same examples tell nothing.
    assert stats.ttest_ind(first, second).pvalue > 0.1
    assert found.p == pytest.approx(stats.ttest_rel(first, second).pvalue, abs=0.001)


def test_p_agrees_with_the_paired_t_test_and_is_symmetric():
    generator = np.random.default_rng(2)
    first, second = generator.normal(1.2, 10, 300), generator.normal(0, 10, 300)
    found, reversed_ = (paired_bootstrap(*pair, 6000) for pair in ((first, second), (second, first)))
    assert found.p == pytest.approx(stats.ttest_rel(first, second).pvalue, abs=0.03)
    assert (found.mean, found.p) == pytest.approx((-reversed_.mean, reversed_.p), abs=0.02)


def test_equal_models_do_not_differ():
    found = paired_bootstrap([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 100)
    assert found == (0.0, 0.0, 0.0, 1.0)


def test_scores_of_different_examples_cannot_be_paired():
    with pytest.raises(ValueError, match="2 and 1"):
        paired_bootstrap([1.0, 2.0], [1.0], 10)
    with pytest.raises(ValueError, match="2 x 3 and 3 x 2"):
        paired_bootstrap(np.zeros((2, 3)), np.zeros((3, 2)), 10)


def _naive_means(first, second, resamples):
    """Means of resamples of seeds and examples, one draw after the other."""
    random = Random(7)
    means = []
    for _ in range(resamples):
        examples = random.choices(range(len(first[0])), k=len(first[0]))
        seeds = random.choices(range(len(first)), k=len(first))
        values = [first[seed][example] - second[seed][example] for seed in seeds for example in examples]
        means.append(sum(values) / len(values))
    return means


def test_seeds_and_examples_are_drawn_together_for_both_models():
    generator = np.random.default_rng(3)
    second = generator.uniform(0, 100, (3, 30))
    first = second + np.array([[4.0], [0.5], [-1.0]]) + generator.normal(0, 3, (3, 30))
    found = paired_bootstrap(first, second, 20_000)
    naive = np.array(_naive_means(first.tolist(), second.tolist(), 8_000))
    assert found.mean == pytest.approx((first - second).mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(naive, [0.025, 0.975])), abs=0.12)
    assert found.p == pytest.approx(2 * min(np.mean(naive <= 0), np.mean(naive >= 0)), abs=0.02)
    # The seeds differ by more than examples do, so that the mean over the seeds looks too certain.
    alone = paired_bootstrap(first.mean(axis=0), second.mean(axis=0), 4_000)
    assert found.high - found.low > 1.5 * (alone.high - alone.low)


def test_a_few_resamples_at_a_time_are_resamples_of_the_same_distribution(monkeypatch):
    first, second = np.random.default_rng(4).normal(0, 1, (2, 3, 20))
    whole = paired_bootstrap(first, second, 4_000)
    monkeypatch.setattr(statistics, "_BLOCK", 130)  # two resamples at a time, and one in the end
    assert paired_bootstrap(first, second, 4_001)[:3] == pytest.approx(whole[:3], abs=0.05)


def test_one_seed_leaves_the_bootstrap_over_examples():
    first, second = np.random.default_rng(5).normal(50, 20, (2, 1, 40))
    assert paired_bootstrap(first, second, 500) == paired_bootstrap(first[0], second[0], 500)
