"""One direction of an LSTM over projected inputs, with a gradient made for the CPU."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_CLOSED = -1e4  # a gate's input whose sigmoid is exactly 0, and so is its slope


def lstm_scan(
    projected: tf.Tensor, recurrent_kernel: tf.Tensor, mask: tf.Tensor, reverse: bool = False
) -> tf.Tensor:
    """Run an LSTM over inputs that have been multiplied by its input kernel already.

    Keras multiplies the inputs step by step and adds up the gradients of both kernels step by step; here
    both are single large products outside the loop. Padding shuts all gates, so that a text padded on the
    right can be read from its right end.

    Args:
        projected: (length, batch, 4 * units), float32 or float64; inputs times kernel plus bias, in Keras'
            order of gates (input, forget, candidate, output).
        recurrent_kernel: (units, 4 * units).
        mask: bool (length, batch), true for words.
        reverse: read from the last word to the first.

    Returns:
        The outputs at their words' positions (length, batch, units), zero on padding.
    """
    units = int(recurrent_kernel.shape[0])
    # tanh(x) is 2 * sigmoid(2x) - 1: doubling the candidate's columns leaves one activation for all gates.
    double = tf.constant([1.0] * (2 * units) + [2.0] * units + [1.0] * units, projected.dtype)
    closed = tf.constant(_CLOSED, projected.dtype)
    gate_inputs = tf.where(mask[..., tf.newaxis], projected * double, closed)
    return _scan(gate_inputs, recurrent_kernel * double, reverse)


def _scan(gate_inputs: tf.Tensor, kernel: tf.Tensor, reverse: bool) -> tf.Tensor:
    units = int(kernel.shape[0])

    @tf.custom_gradient
    def scan(gate_inputs: tf.Tensor, kernel: tf.Tensor) -> Any:
        gates, cells = _forward(gate_inputs, kernel, reverse)
        squashed = tf.tanh(cells)
        outputs = squashed * gates[..., 3 * units :]

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            of_inputs = _backward(upstream, gates, cells, squashed, kernel, reverse)
            flat_inputs = tf.reshape(of_inputs, [-1, 4 * units])
            flat_before = tf.reshape(states_before(outputs, reverse), [-1, units])
            return of_inputs, tf.matmul(flat_before, flat_inputs, transpose_a=True)

        return outputs, gradient

    return scan(gate_inputs, kernel)


def _forward(gate_inputs: tf.Tensor, kernel: tf.Tensor, reverse: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """The gates' values (length, batch, 4 * units) and the cell states (length, batch, units)."""
    length, units = tf.shape(gate_inputs)[0], int(kernel.shape[0])
    start = tf.zeros([tf.shape(gate_inputs)[1], units], kernel.dtype)
    inputs = _array(gate_inputs)

    def step(t, output, cell, gates, cells):
        at = length - 1 - t if reverse else t
        values = tf.sigmoid(inputs.read(at) + tf.matmul(output, kernel))
        enter, forget, candidate, leave = tf.split(values, 4, axis=-1)
        entering = enter * candidate
        cell = forget * cell + (entering + entering - enter)
        return t + 1, leave * tf.tanh(cell), cell, gates.write(at, values), cells.write(at, cell)

    arrays = (_empty_array(length, 4 * units, kernel.dtype), _empty_array(length, units, kernel.dtype))
    state = tf.while_loop(
        lambda t, *_: t < length, step, (0, start, start, *arrays), maximum_iterations=length
    )
    return state[3].stack(), state[4].stack()


def _backward(
    upstream: tf.Tensor,
    gates: tf.Tensor,
    cells: tf.Tensor,
    squashed: tf.Tensor,
    kernel: tf.Tensor,
    reverse: bool,
) -> tf.Tensor:
    """The gradient of the gates' inputs; what does not depend on later steps is computed at once."""
    length, units = tf.shape(gates)[0], int(kernel.shape[0])
    start = tf.zeros([tf.shape(gates)[1], units], kernel.dtype)
    enter, forget, candidate, leave = tf.split(gates, 4, axis=-1)
    slopes = [value * (1 - value) for value in (enter, forget, candidate, leave)]
    # gate inputs' gradients as multiples of the gradients of the cell (three gates) and of the output
    multiples = [
        slopes[0] * (2 * candidate - 1),
        slopes[1] * states_before(cells, reverse),
        slopes[2] * (2 * enter),
        slopes[3] * squashed,
    ]
    multiples = _array(tf.concat(multiples, axis=-1))
    to_cell = _array(leave * (1 - squashed * squashed))
    forgets, upstreams, transposed = _array(forget), _array(upstream), tf.transpose(kernel)

    def step(t, of_output, of_cell, results):
        at = t if reverse else length - 1 - t
        of_output += upstreams.read(at)
        of_cell += of_output * to_cell.read(at)
        result = tf.concat([of_cell, of_cell, of_cell, of_output], axis=-1) * multiples.read(at)
        return t + 1, tf.matmul(result, transposed), of_cell * forgets.read(at), results.write(at, result)

    results = _empty_array(length, 4 * units, kernel.dtype)
    state = tf.while_loop(
        lambda t, *_: t < length, step, (0, start, start, results), maximum_iterations=length
    )
    return state[3].stack()


def states_before(states: tf.Tensor, reverse: bool) -> tf.Tensor:
    """Each step's state before it: ``states`` moved by one step, zeros before the first."""
    nothing = tf.zeros_like(states[:1])
    return tf.concat([states[1:], nothing] if reverse else [nothing, states[:-1]], axis=0)


def _array(tensor: tf.Tensor) -> tf.TensorArray:
    array = tf.TensorArray(tensor.dtype, size=tf.shape(tensor)[0], element_shape=tensor.shape[1:])
    return array.unstack(tensor)


def _empty_array(length: tf.Tensor, features: int, dtype: tf.DType) -> tf.TensorArray:
    return tf.TensorArray(dtype, size=length, element_shape=[None, features])
