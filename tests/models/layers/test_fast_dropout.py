import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.fast_dropout import FastDropout, drop


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.2, 0.5])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_rate_and_the_expectation_hold(rate, dtype):
    tf.random.set_seed(1)
    dropped = tf.cast(drop(tf.ones([300, 400], dtype), rate), tf.float32).numpy()
    zeros = (dropped == 0).mean()
    assert abs(zeros - rate) < 0.002 + 0.004  # one half of 1/256, and chance
    assert abs(dropped.mean() - 1) < 0.01
    assert len(np.unique(dropped)) == 2


def test_the_gradient_is_dropped_like_the_value():
    inputs = tf.Variable(tf.ones([50, 7]))
    with tf.GradientTape() as tape:
        outputs = drop(inputs, 0.3)
    np.testing.assert_array_equal(tape.gradient(outputs, inputs), outputs)


def test_it_does_nothing_outside_training_and_draws_anew_inside():
    layer = FastDropout(0.5)
    inputs = tf.ones([5, 13])
    np.testing.assert_array_equal(layer(inputs, training=False), inputs)
    assert not np.array_equal(layer(inputs, training=True), layer(inputs, training=True))


def test_an_impossible_rate_is_refused():
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        FastDropout(1.0)
