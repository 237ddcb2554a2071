import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.encoder_block import EncoderBlock


def _block(**changes):
    options = {"units": 8, "heads": 2, "convs": 2, "kernel_size": 3, "survival": [1.0, 0.9, 0.8, 0.7]}
    return EncoderBlock(**{**options, **changes})


def test_padding_changes_nothing():
    block = _block()
    inputs = tf.random.normal([2, 6, 8])
    mask = tf.sequence_mask([6, 3], 6)
    block(inputs, mask=mask)
    block.set_weights([weight + 0.1 * tf.random.normal(weight.shape) for weight in block.get_weights()])
    short = block(inputs, mask=mask).numpy()
    noise = tf.concat([inputs, 9 * tf.random.normal([2, 5, 8])], axis=1)
    longer = block(noise, mask=tf.sequence_mask([6, 3], 11)).numpy()
    np.testing.assert_allclose(longer[0, :6], short[0], atol=1e-5)
    np.testing.assert_allclose(longer[1, :3], short[1, :3], atol=1e-5)


def test_a_block_of_dropped_sublayers_only_adds_positions():
    block = _block(survival=[0.0] * 4)
    inputs = tf.random.normal([1, 5, 8])
    outputs = block(inputs, mask=tf.ones([1, 5], tf.bool), training=True)
    moved = outputs - inputs
    np.testing.assert_allclose(moved[0, 0], [0.0] * 4 + [1.0] * 4, atol=1e-6)  # sin 0 and cos 0
    assert np.abs(moved[0, 1] - moved[0, 0]).max() > 0.1


def test_the_running_sum_stays_in_float32_under_mixed_precision():
    block = _block(dtype="mixed_bfloat16")
    outputs = block(tf.random.normal([2, 5, 8]), mask=tf.ones([2, 5], tf.bool), training=True)
    assert outputs.dtype == tf.float32
    assert np.isfinite(outputs).all()


def test_the_number_of_survival_chances_must_be_that_of_sublayers():
    with pytest.raises(ValueError, match="4 sublayers, but 3"):
        _block(survival=[1.0, 1.0, 1.0])
