import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.bidirectional import BidirectionalRNN
from holle_tf.models.layers.gru_scan import CHUNK, ROWS

CELLS = ("gru", "lstm")
# More steps than a compiled chunk has, no multiple of it, and rows of every kind.
LENGTHS = [CHUNK + 5, CHUNK, 3, 0]
LENGTH = max(LENGTHS)
MASK = tf.sequence_mask(LENGTHS, LENGTH)


def _pair(cell, features=5, units=4):
    pair = [BidirectionalRNN(cell, units, scan=scan) for scan in (True, False)]
    for layer in pair:
        layer(tf.zeros([1, 2, features]), mask=tf.ones([1, 2], tf.bool))
    # Biases start at zero, where a wrong one would not show.
    pair[0].set_weights([np.random.default_rng(0).normal(size=w.shape) for w in pair[0].get_weights()])
    pair[1].set_weights(pair[0].get_weights())
    return pair


def _value_and_gradients(layer, inputs, upstream, mask=MASK):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, mask=mask)
    return [outputs, *tape.gradient(outputs, [inputs, *layer.trainable_variables], upstream)]


@pytest.mark.parametrize("in_graph", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_value_and_gradient_are_those_of_keras(cell, in_graph):
    rows = len(LENGTHS)
    inputs, upstream = tf.random.normal([rows, LENGTH, 5]), tf.random.normal([rows, LENGTH, 8])
    compiled = tf.function(_value_and_gradients) if in_graph else _value_and_gradients
    ours, expected = (compiled(layer, inputs, upstream) for layer in _pair(cell))
    assert len(ours) == 8
    for one, other in zip(ours, expected):
        np.testing.assert_allclose(one, other, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("length", [1, CHUNK - 1, CHUNK, CHUNK + 1])
@pytest.mark.parametrize("rows", [1, ROWS, ROWS + 1])
def test_every_length_and_batch_size_fits(length, rows):
    inputs = tf.random.normal([rows, length, 5])
    mask = tf.sequence_mask(np.random.default_rng(1).integers(0, length + 1, rows), length)
    ours, expected = (layer(inputs, mask=mask) for layer in _pair("gru"))
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_a_graph_of_unknown_shape_takes_every_length():
    ours, expected = _pair("gru")
    unknown = tf.TensorSpec([None, None, 5])
    compiled = tf.function(
        lambda x, mask: ours(x, mask=mask), input_signature=[unknown, tf.TensorSpec([None, None], tf.bool)]
    )
    for length in (3, 2 * CHUNK + 1):
        inputs, mask = tf.random.normal([2, length, 5]), tf.sequence_mask([length, 2], length)
        np.testing.assert_allclose(compiled(inputs, mask), expected(inputs, mask=mask), atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_more_padding_changes_nothing_and_padding_is_zero(cell):
    layer = _pair(cell)[0]
    inputs = tf.random.normal([len(LENGTHS), LENGTH, 5])
    short = layer(inputs, mask=MASK)
    longer = layer(tf.pad(inputs, [[0, 0], [0, 4], [0, 0]]), mask=tf.sequence_mask(LENGTHS, LENGTH + 4))
    np.testing.assert_allclose(longer[:, :LENGTH], short, atol=1e-6)
    for row, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(longer[row, length:], 0)


def test_the_gradient_agrees_with_finite_differences():
    layer = BidirectionalRNN("gru", 3, scan=True, dtype="float64")
    inputs = tf.random.normal([2, 5, 4], dtype=tf.float64)
    mask = tf.sequence_mask([5, 3], 5)
    layer(inputs, mask=mask)
    kernel = layer.trainable_variables[1]  # recurrent, of the forward direction

    def value(at):
        kernel.assign(at)
        return tf.reduce_sum(layer(inputs, mask=mask) ** 2)

    start, step = kernel.numpy(), 1e-6
    with tf.GradientTape() as tape:
        total = value(start)
    found = tape.gradient(total, kernel).numpy()
    for place in [(0, 0), (1, 4), (2, 8)]:
        shift = np.zeros_like(start)
        shift[place] = step
        slope = (value(start + shift) - value(start - shift)) / (2 * step)
        assert found[place] == pytest.approx(float(slope), rel=1e-5, abs=1e-8)


def test_second_derivatives_of_the_lstm_agree_with_keras():
    # No cross-check by autodiff elsewhere reaches the gradient's own gradient.
    inputs, upstream = tf.random.normal([3, 4, 5]), tf.random.normal([3, 4, 8])
    mask = tf.sequence_mask([4, 2, 0], 4)
    found = []
    for layer in _pair("lstm"):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(inputs)
                outputs = layer(inputs, mask=mask)
            gradient = inner.gradient(outputs, inputs, upstream)
            size = tf.reduce_sum(gradient**2)
        found.append(outer.gradient(size, layer.trainable_variables[0]))
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-3)


def test_an_unknown_cell_is_an_error():
    with pytest.raises(ValueError, match="gru"):
        BidirectionalRNN("rnn", 3)
