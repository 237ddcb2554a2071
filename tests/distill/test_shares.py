"""Replicas that share a batch train like a single replica with the whole batch."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.distill.input_gradients import unit_directions
from holle_tf.distill.row_sample import sample_rows
from holle_tf.distill.shares import EXAMPLES, REORDERED, rows_before, rows_in_batch, share_of, shares

PROBE = Path(__file__).with_name("mirrored_probe.py")


def _batch(rows, reordered=0):
    features = {"document": tf.reshape(tf.range(rows * 3), [rows, 3])}
    if reordered:
        features["hallucinated:document"] = tf.reshape(tf.range(reordered * 3), [reordered, 3])
    return features, {"start": tf.range(rows)}


@pytest.mark.parametrize("rows, replicas", [(8, 2), (7, 2), (7, 3), (2, 4), (1, 3)])
def test_every_row_of_a_batch_counts_for_exactly_one_replica(rows, replicas):
    features, labels = _batch(rows, reordered=3)
    found, reordered = [], []
    for replica in range(replicas):
        part, own, share = share_of(features, labels, replicas, replica)
        assert own["start"].shape[0] > 0  # no operation meets an empty tensor
        assert share[EXAMPLES].total == rows and share[REORDERED].total == 3
        np.testing.assert_array_equal(part["document"][:, 0], 3 * own["start"])
        assert own["start"][0] == share[EXAMPLES].first
        found += own["start"].numpy().tolist() * int(share[EXAMPLES].counted)
        reordered += part["hallucinated:document"][:, 0].numpy().tolist() * int(share[REORDERED].counted)
    assert found == list(range(rows)) and reordered == [0, 3, 6]


def test_shares_of_one_process_follow_each_other_batch_by_batch():
    batches = tf.data.Dataset.range(4).batch(2).map(lambda row: ({"document": row[:, None]}, {"start": row}))
    starts = [labels["start"].numpy().tolist() for _, labels, _ in shares(batches, 4, range(2, 4))]
    assert starts == [[0], [1], [2], [3]]


def test_a_share_has_the_random_directions_of_its_rows():
    mask = tf.sequence_mask([5, 3, 4, 2, 5], 5)
    whole = unit_directions(mask, tf.constant([1, 2]))
    parts = []
    for replica in range(2):
        features, _, share = share_of({"mask": mask}, {"start": tf.range(5)}, 2, replica)
        mine = sample_rows(tf.shape(features["mask"])[0], 1.0, tf.constant([3, 4]), share[EXAMPLES])
        parts.append(unit_directions(features["mask"], tf.constant([1, 2]), mine))
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_the_row_before_the_first_is_the_last():
    values = tf.reshape(tf.range(6), [3, 2])
    assert rows_before(values, None).numpy().tolist() == [[4, 5], [0, 1], [2, 3]]
    assert rows_in_batch(values, None) == 3
    _, _, share = share_of({}, {"start": tf.range(5)}, 2, 1)
    assert rows_in_batch(values, share[EXAMPLES]) == 5


@pytest.fixture(scope="module")
def steps():
    """What the probe finds: for each kind of training, the numbers of one device and of several."""
    done = subprocess.run([sys.executable, PROBE], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", ["terms", "gradient", "controls", "float16"])
def test_mirrored_replicas_reach_the_weights_of_one(steps, case):
    single, several = steps[case]["single"], steps[case]["several"]
    close = 2e-4 if case == "float16" else 2e-5  # sums of other rows round differently
    np.testing.assert_allclose(several["losses"], single["losses"], rtol=10 * close)
    np.testing.assert_allclose(several["weights"], single["weights"], atol=close)
    np.testing.assert_allclose(several["averages"], single["averages"], atol=close)
    moved = np.abs(np.array(single["weights"]) - single["before"]).max()
    assert moved > 1e-3  # something was learned at all
