"""One direction of a GRU over projected inputs, in compiled chunks of steps, made for the CPU."""

from __future__ import annotations

import atexit
import gc
from typing import Any

import tensorflow as tf

from holle_tf.models.layers.lstm_scan import states_before

CHUNK = 8  # steps that are compiled, and launched, as one; texts are padded to a multiple
ROWS = 16  # the batch is padded to a multiple, so that few shapes are compiled
_CLOSED = 1e4  # the update gate's input at which its sigmoid is exactly 1: the state stays, its slope is 0


def gru_scan(
    projected: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    candidate_bias: tf.Tensor,
    mask: tf.Tensor,
    reverse: bool = False,
) -> tf.Tensor:
    """Run a GRU (``reset_after``, as Keras and cuDNN have it) over inputs times their kernel.

    Most of the time of a GRU on a CPU is spent between its many small operations. Here ``CHUNK`` steps
    are one XLA program without a loop, compiled once for every batch size (not for every length), and a
    loop outside launches it. Only the states are kept for the gradient: the gates of all steps are computed
    again in one product, so that a step back is one small product, compiled in chunks as well. There is no
    second-order gradient; Keras' own layer has it.

    Args:
        projected: (length, batch, 3 * units), float32 or float64; inputs times kernel plus both biases
            (of the candidate: the input's), in Keras' order of gates (update, reset, candidate).
        recurrent_kernel: (units, 3 * units).
        candidate_bias: (units,), what is added to the state's part of the candidate.
        mask: bool (length, batch), true for words; padding leaves the state as it is.
        reverse: read from the last position to the first.

    Returns:
        The states at their words' positions (length, batch, units), zero on padding.
    """
    units = int(recurrent_kernel.shape[0])
    length, batch = tf.shape(projected)[0], tf.shape(projected)[1]
    candidate = tf.range(3 * units) >= units  # and the reset gate: their inputs do not matter on padding
    closed = tf.constant(_CLOSED, projected.dtype)
    gate_inputs = tf.where(mask[..., tf.newaxis] | candidate, projected, closed)
    padding = [[0, -length % CHUNK], [0, -batch % ROWS], [0, 0]]
    gate_inputs = tf.pad(gate_inputs, padding, constant_values=_CLOSED)
    states = _scan(gate_inputs, recurrent_kernel, candidate_bias, reverse)
    states = tf.slice(states, [0, 0, 0], [length, batch, units])
    return states * tf.cast(mask, states.dtype)[..., tf.newaxis]


def _scan(gate_inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, reverse: bool) -> tf.Tensor:
    units = int(kernel.shape[0])

    @tf.custom_gradient
    def scan(gate_inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> Any:
        shape = tf.shape(gate_inputs)
        chunks, batch = shape[0] // CHUNK, shape[1]
        inputs = _array(gate_inputs, chunks)
        start = tf.zeros([batch, units], kernel.dtype)
        forward, backward = _COMPILED[reverse]

        def step(i: tf.Tensor, state: tf.Tensor, states: tf.TensorArray) -> Any:
            at = chunks - 1 - i if reverse else i
            found = forward(state, inputs.read(at), kernel, bias)
            return i + 1, found[0 if reverse else -1], states.write(at, found)

        results = tf.TensorArray(kernel.dtype, chunks, element_shape=[CHUNK, None, units])
        _, _, results = tf.while_loop(
            lambda i, *_: i < chunks, step, (0, start, results), maximum_iterations=chunks
        )
        states = results.concat()  # (length, batch, units)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            before = states_before(states, reverse)
            upstream = tf.ensure_shape(upstream, [None, None, units])  # lost where the padding was cut off
            flat = tf.reshape(before, [-1, units])
            recurrent = tf.reshape(tf.matmul(flat, kernel), shape)
            update, entering, multiples = _slopes(before, gate_inputs, recurrent, bias)
            arrays = [_array(tensor, chunks) for tensor in (upstream, update, multiples)]
            transposed = tf.transpose(kernel)

            def step_back(i: tf.Tensor, of_state: tf.Tensor, totals: tf.TensorArray) -> Any:
                at = i if reverse else chunks - 1 - i
                of_state, found = backward(of_state, *[array.read(at) for array in arrays], transposed)
                return i + 1, of_state, totals.write(at, found)

            totals = tf.TensorArray(kernel.dtype, chunks, element_shape=[CHUNK, None, units])
            _, _, totals = tf.while_loop(
                lambda i, *_: i < chunks, step_back, (0, start, totals), maximum_iterations=chunks
            )
            total = totals.concat()  # (length, batch, units), the whole gradient of every state
            of_recurrent = tf.concat([total] * 3, axis=-1) * multiples
            of_gates, of_inner = tf.split(of_recurrent, [2 * units, units], axis=-1)
            of_inputs = tf.concat([of_gates, total * entering], axis=-1)
            of_kernel = tf.matmul(flat, tf.reshape(of_recurrent, [-1, 3 * units]), transpose_a=True)
            return of_inputs, of_kernel, tf.reduce_sum(of_inner, axis=[0, 1])

        return states, gradient

    return scan(gate_inputs, kernel, bias)


def _forward_chunk(
    state: tf.Tensor, gate_inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, reverse: bool
) -> tf.Tensor:
    """States (chunk, batch, units) after each of the steps ``gate_inputs`` (chunk, batch, 3 * units)."""
    states = [state] * CHUNK
    for t in _order(reverse):
        update, _, _, candidate = _gates(gate_inputs[t], tf.matmul(state, kernel), bias)
        state = candidate + update * (state - candidate)
        states[t] = state
    return tf.stack(states)


def _backward_chunk(
    of_state: tf.Tensor,
    upstream: tf.Tensor,
    update: tf.Tensor,
    multiples: tf.Tensor,
    transposed: tf.Tensor,
    reverse: bool,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The gradient of the state before the chunk, and that of every state in it (chunk, batch, units).

    Args:
        of_state: (batch, units), what the later steps send to the chunk's last state.
        upstream: (chunk, batch, units), gradient of the chunk's states from outside.
        update, multiples: of ``_slopes``, for the chunk.
        transposed: recurrent kernel, (3 * units, units).
    """
    totals = [of_state] * CHUNK
    for t in reversed(_order(reverse)):
        total = of_state + upstream[t]
        totals[t] = total
        product = tf.matmul(tf.concat([total] * 3, axis=-1) * multiples[t], transposed)
        of_state = total * update[t] + product
    return of_state, tf.stack(totals)


def _slopes(
    before: tf.Tensor, gate_inputs: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """What multiplies the gradient of the state after each step.

    Returns:
        For the state before it on the direct way, for the candidate's input, (..., units) each, and for
        the gates' recurrent inputs (..., 3 * units).
    """
    update, reset, inner, candidate = _gates(gate_inputs, recurrent, bias)
    entering = (1 - update) * (1 - candidate * candidate)
    of_candidate = entering * reset
    of_update = (before - candidate) * update * (1 - update)
    multiples = tf.concat([of_update, of_candidate * inner * (1 - reset), of_candidate], axis=-1)
    return update, entering, multiples


def _gates(inputs: tf.Tensor, recurrent: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Update gate, reset gate, the state's part of the candidate, candidate; (..., units) each."""
    units = bias.shape[0]
    of_gates, of_candidate = tf.split(inputs, [2 * units, units], axis=-1)
    to_gates, to_candidate = tf.split(recurrent, [2 * units, units], axis=-1)
    update, reset = tf.split(tf.sigmoid(of_gates + to_gates), 2, axis=-1)
    inner = to_candidate + bias
    return update, reset, inner, tf.tanh(of_candidate + reset * inner)


def _order(reverse: bool) -> list[int]:
    return list(reversed(range(CHUNK))) if reverse else list(range(CHUNK))


def _array(tensor: tf.Tensor, chunks: tf.Tensor) -> tf.TensorArray:
    shape = tf.shape(tensor)
    stacked = tf.reshape(tensor, [chunks, CHUNK, shape[1], tensor.shape[-1]])
    array = tf.TensorArray(tensor.dtype, chunks, element_shape=stacked.shape[1:], clear_after_read=False)
    return array.unstack(stacked)


def _compile(chunk: Any, reverse: bool) -> Any:
    return tf.function(lambda *tensors: chunk(*tensors, reverse=reverse), jit_compile=True, autograph=False)


# By the direction of reading: a chunk of steps forward, and back.
_COMPILED = {
    reverse: (_compile(_forward_chunk, reverse), _compile(_backward_chunk, reverse))
    for reverse in (False, True)
}


@atexit.register
def _forget() -> None:
    """Take the programs apart while the interpreter still can; later TensorFlow complains."""
    _COMPILED.clear()
    gc.collect()
