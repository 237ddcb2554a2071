import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.bilstm import BiLSTM

LENGTHS = [6, 3, 0]
MASK = tf.sequence_mask(LENGTHS, 6)


def _pair(features=5, units=4):
    pair = [BiLSTM(units, scan=scan) for scan in (True, False)]
    for layer in pair:
        layer(tf.zeros([1, 2, features]), mask=tf.ones([1, 2], tf.bool))
    pair[1].set_weights(pair[0].get_weights())
    return pair


@pytest.mark.parametrize("in_graph", [False, True])
def test_value_and_gradient_are_those_of_keras(in_graph):
    inputs, upstream = tf.random.normal([3, 6, 5]), tf.random.normal([3, 6, 8])

    def results(layer):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, mask=MASK)
        return [outputs, *tape.gradient(outputs, [inputs, *layer.trainable_variables], upstream)]

    compiled = tf.function(results) if in_graph else results
    ours, expected = (compiled(layer) for layer in _pair())
    assert len(ours) == 8
    for one, other in zip(ours, expected):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_more_padding_changes_nothing_and_padding_is_zero():
    layer = _pair()[0]
    inputs = tf.random.normal([3, 6, 5])
    short = layer(inputs, mask=MASK)
    longer = layer(tf.pad(inputs, [[0, 0], [0, 4], [0, 0]]), mask=tf.sequence_mask(LENGTHS, 10))
    np.testing.assert_allclose(longer[:, :6], short, atol=1e-6)
    for row, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(longer[row, length:], 0)


def test_second_derivatives_agree_with_keras():
    # No cross-check by autodiff elsewhere reaches the gradient's own gradient.
    inputs, upstream = tf.random.normal([3, 4, 5]), tf.random.normal([3, 4, 8])
    mask = tf.sequence_mask([4, 2, 0], 4)
    found = []
    for layer in _pair():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(inputs)
                outputs = layer(inputs, mask=mask)
            gradient = inner.gradient(outputs, inputs, upstream)
            size = tf.reduce_sum(gradient**2)
        found.append(outer.gradient(size, layer.trainable_variables[0]))
    np.testing.assert_allclose(*found, atol=1e-4)
