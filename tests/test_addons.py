"""Our own StochasticDepth does what that of tensorflow-addons does."""

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.addons import OwnStochasticDepth, StochasticDepth

PAIR = [np.full((2, 3), value, np.float32) for value in (1.0, 10.0)]


def test_tensorflow_addons_is_used_where_it_is_installed():
    addons = pytest.importorskip("tensorflow_addons", exc_type=ImportError)
    assert StochasticDepth is addons.layers.StochasticDepth


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_it_gives_the_values_and_draws_of_the_layer_in_use(dtype, training):
    found = []
    for layer in (OwnStochasticDepth, StochasticDepth):
        tf.keras.utils.set_random_seed(7)
        join = layer(0.6, dtype=dtype)
        found.append([join([tf.cast(x, dtype) for x in PAIR], training=training) for _ in range(20)])
    own, other = found
    assert own[0].dtype == other[0].dtype == dtype
    np.testing.assert_array_equal(*(np.asarray(tf.cast(values, tf.float32)) for values in (own, other)))


def test_it_has_the_configuration_of_the_layer_in_use():
    configurations = [layer(0.6, name="join").get_config() for layer in (OwnStochasticDepth, StochasticDepth)]
    assert configurations[0] == configurations[1]
    assert OwnStochasticDepth.from_config(configurations[0]).survival_probability == 0.6


def test_in_training_the_residual_is_whole_or_absent_as_often_as_it_should_be():
    join = OwnStochasticDepth(0.7)
    draw = tf.function(lambda: join([tf.zeros(()), tf.ones(())], training=True))
    tf.keras.utils.set_random_seed(1)
    draws = [float(draw()) for _ in range(1000)]
    assert set(draws) == {0.0, 1.0}
    assert np.mean(draws) == pytest.approx(0.7, abs=0.05)  # three standard deviations are 0.043


def test_otherwise_the_residual_is_weighted_by_its_probability():
    np.testing.assert_allclose(OwnStochasticDepth(0.7)(PAIR), np.full((2, 3), 8.0))
