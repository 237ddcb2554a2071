"""A sample of rows represents its batch, and does not depend on how replicas share the batch."""

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.distill.row_sample import sample_rows
from holle_tf.distill.shares import EXAMPLES, part_of_mean, share_of

ROWS = 12


def _sample(share, seed, here=ROWS, rows=None):
    return sample_rows(tf.constant(here), share, tf.constant([seed, 5]), rows)


def test_a_share_of_one_is_every_row():
    sample = _sample(1.0, 0)
    np.testing.assert_array_equal(sample.index, range(ROWS))
    values = tf.random.normal([ROWS])
    np.testing.assert_array_equal(sample.spread(values), values)


@pytest.mark.parametrize("share", [0.25, 0.3, 0.9])
def test_every_row_is_as_likely_and_the_mean_is_kept(share):
    values, chosen, means = np.arange(ROWS, dtype=np.float32), np.zeros(ROWS), []
    for seed in range(600):
        sample = _sample(share, seed)
        assert len(sample.index) in (int(share * ROWS), int(share * ROWS) + 1)
        chosen[sample.index.numpy()] += 1
        means.append(float(tf.reduce_mean(sample.spread(tf.gather(values, sample.index)))))
    np.testing.assert_allclose(chosen / 600, share, atol=0.08)
    assert abs(np.mean(means) - values.mean()) < 4 * np.std(means) / np.sqrt(len(means)) + 1e-6


def test_tensors_lose_the_other_rows():
    sample = _sample(0.25, 1)
    found = sample.of({"ids": tf.range(ROWS) * 10})
    np.testing.assert_array_equal(found["ids"], sample.index * 10)


@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("replicas", [1, 2, 5, 16])
def test_replicas_choose_the_rows_that_one_would(share, replicas):
    values = tf.random.stateless_normal([ROWS], [0, 0])
    for seed in range(10):
        whole = _sample(share, seed)
        expected = float(tf.reduce_mean(whole.spread(tf.gather(values, whole.index))))
        found, rows = 0.0, []
        for replica in range(replicas):
            part, labels, shares = share_of({"values": values}, {"start": tf.range(ROWS)}, replicas, replica)
            sample = _sample(share, seed, len(labels["start"]), shares[EXAMPLES])
            assert len(sample.index) > 0  # no operation meets an empty tensor
            spread = sample.spread(sample.of(part)["values"])
            found += float(part_of_mean(spread, shares[EXAMPLES]))
            rows += sample.in_batch[sample.weights * shares[EXAMPLES].counted > 0].numpy().tolist()
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert rows == whole.in_batch[whole.weights > 0].numpy().tolist()
