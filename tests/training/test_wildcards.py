"""TensorFlow finds a checkpoint again in a folder whose name looks like a pattern."""

import pytest
import tensorflow as tf

from holle_tf.training.wildcards import without_wildcards


@pytest.mark.parametrize("name", ["plain", "run [v2]", "star*?", "back\\slash"])
def test_a_checkpoint_is_found_again(tmp_path, name):
    folder = tmp_path / name / "resume"
    for expected in (0, 3, 7):
        count = tf.Variable(0)
        with without_wildcards(folder) as path:
            manager = tf.train.CheckpointManager(tf.train.Checkpoint(count=count), str(path), max_to_keep=1)
            manager.restore_or_initialize()
            assert int(count) == expected
            count.assign_add(3 if expected == 0 else 4)
            manager.save()
    assert sorted(path.suffix for path in folder.glob("ckpt-*")) == [".data-00000-of-00001", ".index"]
