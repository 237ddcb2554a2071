import numpy as np
import tensorflow as tf

from holle_tf.models.layers.linear import linear


def test_it_is_a_product_over_the_last_axis():
    inputs, kernel, bias = tf.random.normal([2, 3, 4]), tf.random.normal([4, 5]), tf.random.normal([5])
    np.testing.assert_allclose(linear(inputs, kernel), tf.einsum("blf,fu->blu", inputs, kernel), atol=1e-5)
    shifted = tf.einsum("blf,fu->blu", inputs, kernel) + bias
    np.testing.assert_allclose(linear(inputs, kernel, bias), shifted, atol=1e-5)
