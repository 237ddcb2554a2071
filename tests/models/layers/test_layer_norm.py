import numpy as np
import tensorflow as tf

from holle_tf.models.layers.layer_norm import EPSILON, LayerNorm, layer_norm


def _plain(inputs, scale, offset):
    mean, variance = tf.nn.moments(inputs, axes=[-1], keepdims=True)
    return (inputs - mean) / tf.sqrt(variance + EPSILON) * scale + offset


def test_value_and_gradient_are_those_of_the_definition():
    arguments = [tf.Variable(tf.random.normal(shape, dtype=tf.float64)) for shape in ([2, 5, 6], [6], [6])]
    upstream = tf.random.normal([2, 5, 6], dtype=tf.float64)
    results = []
    for function in (layer_norm, _plain):
        with tf.GradientTape() as tape:
            outputs = function(*(tf.convert_to_tensor(argument) for argument in arguments))
        results.append([outputs, *tape.gradient(outputs, arguments, upstream)])
    for ours, expected in zip(*results):
        np.testing.assert_allclose(ours, expected, atol=1e-10)


def test_half_precision_inputs_are_normalised_in_float32():
    layer = LayerNorm(dtype="mixed_bfloat16")
    outputs = layer(tf.cast(tf.random.normal([2, 3, 8]) * 100, tf.bfloat16))
    assert outputs.dtype == tf.float32
    np.testing.assert_allclose(tf.math.reduce_std(outputs, axis=-1), np.ones((2, 3)), atol=1e-3)
