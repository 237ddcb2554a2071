import numpy as np
import tensorflow as tf

from holle_tf.distill.weight_average import WeightAverage


def test_average_follows_the_definition_with_its_warm_up():
    variable = tf.Variable([1.0, 2.0])
    average = WeightAverage([variable], decay=0.5)
    expected, rng = variable.numpy(), np.random.default_rng(0)
    for step in range(1, 8):
        variable.assign(rng.normal(size=2))
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * variable.numpy()
    np.testing.assert_allclose(average.shadows[0], expected, rtol=1e-5)


def test_applied_swaps_the_averages_in_and_the_own_values_back_even_after_an_error():
    variable = tf.Variable([1.0])
    average = WeightAverage([variable], decay=0.9)
    variable.assign([3.0])
    try:
        with average.applied():
            np.testing.assert_allclose(variable, [1.0])
            raise RuntimeError
    except RuntimeError:
        pass
    np.testing.assert_allclose(variable, [3.0])
