import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.layers.bidirectional import BidirectionalRNN, recurrent_implementation
from holle_tf.models.recurrence import operation
from holle_tf.models.recurrence.gru import BUFFER
from holle_tf.models.recurrence.operation import LEAST_ROWS, MOST_ROWS, group_size

CELLS = ("gru", "lstm")
# More rows than the smallest group has, of every kind, and more words than one product of the gradient has.
LENGTHS = [3, 0, 9, BUFFER + 5, 1, 9, 2, 0, 7, 12, 4]
LENGTH = max(LENGTHS)
assert len(LENGTHS) > LEAST_ROWS
MASK = tf.sequence_mask(LENGTHS, LENGTH)


def _pair(cell, features=5, units=4):
    pair = [BidirectionalRNN(cell, units, implementation=name) for name in ("compiled", "keras")]
    for layer in pair:
        layer(tf.zeros([1, 2, features]), mask=tf.ones([1, 2], tf.bool))
    # Biases start at zero, where a wrong one would not show.
    pair[0].set_weights([np.random.default_rng(0).normal(size=w.shape) for w in pair[0].get_weights()])
    pair[1].set_weights(pair[0].get_weights())
    return pair


def _value_and_gradients(layer, inputs, upstream, training=True):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, mask=MASK, training=training)
    return [outputs, *tape.gradient(outputs, [inputs, *layer.trainable_variables], upstream)]


@pytest.mark.parametrize("training", [False, True])  # whether the gates were kept for the gradient
@pytest.mark.parametrize(("in_graph", "cores"), [(False, 99), (True, 1)])  # rows in several groups, or in one
@pytest.mark.parametrize("cell", CELLS)
def test_value_and_gradient_are_those_of_keras(cell, cores, in_graph, training, monkeypatch):
    monkeypatch.setattr(operation, "cores", lambda: cores)
    rows = len(LENGTHS)
    inputs, upstream = tf.random.normal([rows, LENGTH, 5]), tf.random.normal([rows, LENGTH, 8])
    compiled = tf.function(_value_and_gradients) if in_graph else _value_and_gradients
    ours, expected = (compiled(layer, inputs, upstream, training) for layer in _pair(cell))
    assert len(ours) == 8
    for found, wanted in zip(ours, expected):
        np.testing.assert_allclose(found, wanted, atol=2e-5, rtol=1e-4)


def test_every_core_has_a_group_of_rows_where_groups_are_not_too_small(monkeypatch):
    sizes = {}
    for cores in (1, 2, 4, 64):
        monkeypatch.setattr(operation, "cores", lambda cores=cores: cores)
        sizes[cores] = [group_size(count) for count in (1, 16, 32, 1000)]
    assert sizes == {1: [8, 32, 32, 32], 2: [8, 16, 32, 32], 4: [8, 8, 16, 32], 64: [8, 8, 8, 32]}


@pytest.mark.parametrize("rows", [1, LEAST_ROWS, MOST_ROWS + 1])
@pytest.mark.parametrize("cell", CELLS)
def test_every_batch_size_fits_also_with_nothing_in_it(cell, rows):
    inputs = tf.random.normal([rows, 6, 5])
    for lengths in (np.random.default_rng(1).integers(0, 7, rows), np.zeros(rows, np.int32)):
        mask = tf.sequence_mask(lengths, 6)
        ours, expected = (layer(inputs, mask=mask) for layer in _pair(cell))
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_a_graph_of_unknown_shape_takes_every_length():
    ours, expected = _pair("gru")
    unknown = tf.TensorSpec([None, None, 5])
    compiled = tf.function(
        lambda x, mask: ours(x, mask=mask), input_signature=[unknown, tf.TensorSpec([None, None], tf.bool)]
    )
    for length in (3, 17):
        inputs, mask = tf.random.normal([2, length, 5]), tf.sequence_mask([length, 2], length)
        np.testing.assert_allclose(compiled(inputs, mask), expected(inputs, mask=mask), atol=1e-5)


def test_a_saturated_gate_is_exact_and_a_value_that_is_no_number_is_seen():
    ours, expected = _pair("gru")
    inputs = tf.constant([[[1e4] * 5, [-1e4] * 5, [0.0] * 5]])
    mask = tf.ones([1, 3], tf.bool)
    np.testing.assert_allclose(ours(inputs, mask=mask), expected(inputs, mask=mask), atol=1e-6)
    assert np.isnan(ours(inputs * float("nan"), mask=mask)).all()


@pytest.mark.parametrize("cell", CELLS)
def test_more_padding_changes_nothing_and_padding_is_zero(cell):
    layer = _pair(cell)[0]
    inputs = tf.random.normal([len(LENGTHS), LENGTH, 5])
    short = layer(inputs, mask=MASK)
    longer = layer(tf.pad(inputs, [[0, 0], [0, 4], [0, 0]]), mask=tf.sequence_mask(LENGTHS, LENGTH + 4))
    np.testing.assert_allclose(longer[:, :LENGTH], short, atol=1e-6)
    for row, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(longer[row, length:], 0)


@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_agrees_with_finite_differences(cell):
    layer = BidirectionalRNN(cell, 3, implementation="compiled", dtype="float64")
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


def test_there_is_no_second_derivative_but_by_keras():
    ours, expected = _pair("gru")
    inputs = tf.random.normal([1, 4, 5])

    def second(layer):
        with tf.GradientTape() as outer:
            gradient = _gradient(layer, inputs)
            size = tf.reduce_sum(gradient**2)
        return outer.gradient(size, layer.trainable_variables[0])

    with pytest.raises(LookupError):
        second(ours)
    assert np.isfinite(second(expected)).all()


def _gradient(layer, inputs):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, mask=tf.ones([1, 4], tf.bool))
    return tape.gradient(outputs, inputs)


def test_layers_made_in_a_context_have_its_implementation():
    with recurrent_implementation("keras"):
        layer = BidirectionalRNN("gru", 3)
    assert layer.implementation == "keras"
    assert BidirectionalRNN("gru", 3).implementation == "auto"


def test_an_unknown_cell_is_an_error():
    with pytest.raises(ValueError, match="gru"):
        BidirectionalRNN("rnn", 3)
    with pytest.raises(ValueError, match="compiled"):
        BidirectionalRNN("gru", 3, implementation="fast")
