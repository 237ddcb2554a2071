"""A bidirectional GRU or LSTM as one loop of stock operations, for SavedModels and TensorFlow Lite."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

UNROLL = 8  # steps per iteration of the loop, whose overhead is that of several steps


def loop_recurrence(
    cell: str, inputs: tf.Tensor, kernels: tf.Tensor, biases: tf.Tensor, lengths: tf.Tensor
) -> tf.Tensor:
    """Like ``operation.recurrence``, with both directions in a single loop.

    It is slower, but needs only TensorFlow, and can be saved and converted.
    """
    units, width = int(kernels.shape[1]), int(kernels.shape[2])
    batch, length = tf.shape(inputs)[0], tf.shape(inputs)[1]
    iterations = (length + UNROLL - 1) // UNROLL
    forward, backward = tf.split(inputs, 2, axis=-1)  # (batch, length, gates * units)
    both = tf.stack([forward, tf.reverse_sequence(backward, lengths, seq_axis=1)])
    # The bias of a GRU's candidate state is inside the reset gate; all others can be added beforehand.
    outer = biases[:, 0]  # (2, gates * units)
    if cell == "gru":
        outer += tf.concat([biases[:, 1, : 2 * units], tf.zeros([2, units], inputs.dtype)], axis=-1)
    both = tf.transpose(both + outer[:, None, None], [2, 0, 1, 3])  # (length, 2, batch, gates * units)
    both = tf.pad(both, [[0, iterations * UNROLL - length], [0, 0], [0, 0], [0, 0]])
    both = tf.reshape(both, [iterations, UNROLL, 2, batch, width])
    step = _gru(kernels, biases, units) if cell == "gru" else _lstm(kernels)
    zeros = tf.zeros([2, batch, units], inputs.dtype)

    def iterate(i: tf.Tensor, results: tf.TensorArray, *state: tf.Tensor) -> Any:
        outputs = []
        for x in tf.unstack(both[i], UNROLL):  # (2, batch, gates * units)
            state = step(x, *state)
            outputs.append(state[0])
        return i + 1, results.write(i, tf.stack(outputs)), *state

    results = tf.TensorArray(inputs.dtype, iterations, element_shape=[UNROLL, 2, inputs.shape[0], units])
    state = [zeros] if cell == "gru" else [zeros, zeros]
    _, results, *_ = tf.while_loop(lambda i, *_: i < iterations, iterate, (0, results, *state))
    states = tf.reshape(results.stack(), [iterations * UNROLL, 2, batch, units])[:length]
    forward, backward = tf.unstack(tf.transpose(states, [1, 2, 0, 3]))  # (batch, length, units)
    states = tf.concat([forward, tf.reverse_sequence(backward, lengths, seq_axis=1)], axis=-1)
    return states * tf.expand_dims(tf.sequence_mask(lengths, length, states.dtype), -1)


def _product(state: tf.Tensor, kernels: tf.Tensor) -> tf.Tensor:
    """Each direction's state (2, batch, units) times its kernel (2, units, width): (2, batch, width)."""
    forward = tf.matmul(state[0], kernels[0])
    # One after the other: a product of both at once uses a thread for each, which costs more than it saves.
    with tf.control_dependencies([forward]):
        backward = tf.matmul(state[1], kernels[1])
    return tf.stack([forward, backward])


def _gru(kernels: tf.Tensor, biases: tf.Tensor, units: int) -> Any:
    bias = biases[:, 1:, 2 * units :]  # (2, 1, units)

    def step(x: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor]:
        of_gates, of_candidate = tf.split(_product(state, kernels), [2 * units, units], axis=-1)
        x_gates, x_candidate = tf.split(x, [2 * units, units], axis=-1)
        update, reset = tf.split(tf.sigmoid(x_gates + of_gates), 2, axis=-1)
        candidate = tf.tanh(x_candidate + reset * (of_candidate + bias))
        return (candidate + update * (state - candidate),)

    return step


def _lstm(kernels: tf.Tensor) -> Any:
    def step(x: tf.Tensor, state: tf.Tensor, memory: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        enter, forget, candidate, leave = tf.split(x + _product(state, kernels), 4, axis=-1)
        memory = tf.sigmoid(forget) * memory + tf.sigmoid(enter) * tf.tanh(candidate)
        return tf.sigmoid(leave) * tf.tanh(memory), memory

    return step
