import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.masking import mask_logits, masked_softmax

MASK = tf.constant([[True, True, False], [False, False, False]])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_padding_gets_nothing_and_an_all_masked_row_is_zero(dtype):
    logits = tf.cast([[1.0, 1.0, 50.0], [3.0, 2.0, 1.0]], dtype)
    weights = masked_softmax(logits, MASK)
    assert weights.dtype == logits.dtype
    np.testing.assert_array_equal(tf.cast(weights, tf.float32), [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_masked_logits_are_finite_and_carry_no_gradient(dtype):
    logits = tf.Variable(tf.cast([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype))
    with tf.GradientTape() as tape:
        masked = mask_logits(logits, MASK)
        twice = masked + masked
    assert np.isfinite(tf.cast(twice, tf.float32)).all()
    gradient = tape.gradient(masked, logits)
    np.testing.assert_array_equal(tf.cast(gradient, tf.float32), tf.cast(MASK, tf.float32))


def test_softmax_over_another_axis_sums_to_one_there():
    weights = masked_softmax(
        tf.random.normal([2, 3]), tf.constant([[True, False, True], [True, False, False]]), 0
    )
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=0), [1.0, 0.0, 1.0], atol=1e-6)
