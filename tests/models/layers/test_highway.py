import numpy as np
import tensorflow as tf

from holle_tf.models.layers.highway import Highway


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_gate_mixes_the_transformed_and_the_unchanged_input():
    layer = Highway(layers=2, activation="relu")
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    outputs = layer(x)
    for kernel, bias in zip(layer.kernels, layer.biases):
        gate, transformed = np.split(x @ kernel.numpy() + bias.numpy(), 2, axis=-1)
        x = _sigmoid(gate) * np.maximum(transformed, 0) + (1 - _sigmoid(gate)) * x
    np.testing.assert_allclose(outputs, x, atol=1e-5)


def test_a_closed_gate_lets_the_input_through():
    layer = Highway(layers=2, activation=None)
    x = tf.random.normal([2, 3, 4])
    layer(x)
    for bias in layer.biases:
        bias.assign(tf.concat([tf.fill([4], -40.0), tf.fill([4], 9.0)], axis=0))
    np.testing.assert_allclose(layer(x), x, atol=1e-6)
