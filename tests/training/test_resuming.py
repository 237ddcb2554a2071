"""A training resumes in a folder of any name, and says so if its state is damaged."""

import pytest
import tensorflow as tf

from holle_tf.training.resuming import Resume, without_wildcards
from pipelines.errors import UserError


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


def _fit(folder, epochs):
    """The weight of a model of one weight after a training in ``folder``, and how many epochs it trained."""
    tf.keras.backend.clear_session()
    model = tf.keras.Sequential(
        [tf.keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", input_shape=(1,))]
    )
    model.compile(tf.keras.optimizers.SGD(0.1), "mse")
    done = model.fit(
        tf.ones((1, 1)), tf.zeros((1, 1)), epochs=epochs, verbose=0, callbacks=[Resume(folder, folder)]
    )
    return model.get_weights()[0].item(), len(done.epoch)


def test_a_damaged_state_is_one_line(tmp_path):
    assert _fit(tmp_path / "whole", 3)[1] == 3
    assert _fit(tmp_path, 2)[1] == 2
    assert _fit(tmp_path, 3) == (pytest.approx(_fit(tmp_path / "other", 3)[0]), 1)
    for suffix in (".data-*", ".index"):
        [path] = (tmp_path / "chief").glob(f"ckpt-*{suffix}")
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(
            UserError, match="the state from which this training would resume is damaged"
        ) as caught:
            _fit(tmp_path, 5)
        assert "\n" not in str(caught.value)
        path.write_bytes(whole)
