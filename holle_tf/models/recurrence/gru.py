"""A compiled GRU (``reset_after``, as in Keras and cuDNN) over a few rows, in one direction."""

from __future__ import annotations

import numpy as np

from holle_tf.models.recurrence.activations import add, add_product, compiled, copy, sigmoid_of, tanh_of

GATES = 3  # update, reset, candidate
KEPT = 4  # update, reset, candidate, the state's part of the candidate
BUFFER = 128  # rows to collect for a product of the kernel's gradient


@compiled
def forward(inputs, kernel, bias, rows, lengths, reverse, offset, states, kept):  # type: ignore[no-untyped-def]
    """Read the words of ``rows``.

    Args:
        inputs: (batch, length, 6 * units), words times the input kernels of both directions, without bias.
        kernel: (units, 3 * units), recurrent, of this direction.
        bias: (2, 3 * units), of the inputs and of the state.
        rows: int (n,), indices into the batch, from the longest text to the shortest.
        lengths: int (batch,), words of each text.
        reverse: read from the last word to the first.
        offset: 0 for the direction that is first in the last axis of every array, 1 for the other.
        states: (batch, length, 2 * units), filled with the states; padding is left as it is.
        kept: (batch, length, 8 * units), filled with what the gradient needs; length 0 to keep nothing.
    """
    units = kernel.shape[0]
    count = rows.shape[0]
    state = np.zeros((count, units), kernel.dtype)
    product = np.empty((count, 3 * units), kernel.dtype)
    scratch = np.empty(4 * units, kernel.dtype)
    of_gates = bias[0] + bias[1]
    of_candidate, of_inner = bias[0][2 * units :], bias[1][2 * units :]
    first, last = offset * 3 * units, offset * units
    active = 0 if reverse else count
    longest = lengths[rows[0]]
    for step in range(longest):
        t = longest - 1 - step if reverse else step
        # The rows that have a t-th word come first.
        while reverse and active < count and lengths[rows[active]] > t:
            active += 1
        while not reverse and lengths[rows[active - 1]] <= t:
            active -= 1
        np.dot(state[:active], kernel, product[:active])
        for i in range(active):
            at = inputs[rows[i], t]
            x = at[first : first + 3 * units]
            s, p = state[i], product[i]
            k = kept[rows[i], t, 4 * last : 4 * last + 4 * units] if kept.shape[1] else scratch
            gates, candidate, inner = k[: 2 * units], k[2 * units : 3 * units], k[3 * units :]
            # Several simple loops: the compiler vectorises them, but not a single loop over many arrays.
            for j in range(2 * units):
                gates[j] = x[j] + p[j] + of_gates[j]
            sigmoid_of(gates)
            of_state, of_inputs, reset = p[2 * units :], x[2 * units :], gates[units:]
            for j in range(units):
                inner[j] = of_state[j] + of_inner[j]
            for j in range(units):
                candidate[j] = reset[j] * inner[j] + of_inputs[j]
            for j in range(units):
                candidate[j] += of_candidate[j]
            tanh_of(candidate)
            for j in range(units):
                s[j] = candidate[j] + gates[j] * (s[j] - candidate[j])
            copy(s, states[rows[i], t, last : last + units])


@compiled
def backward(upstream, kernel, rows, lengths, reverse, offset, states, kept, of_inputs, of_kernel, of_bias):  # type: ignore[no-untyped-def]
    """The gradient of ``forward`` of the same rows.

    Args:
        upstream: (batch, length, 2 * units), gradient of the states.
        kernel: (3 * units, units), the recurrent kernel transposed.
        rows, lengths, reverse, offset, states, kept: as in ``forward``.
        of_inputs: (batch, length, 6 * units), filled with the inputs' gradient; padding is left as it is.
        of_kernel: (units, 3 * units), to which the recurrent kernel's gradient is added.
        of_bias: (2, 3 * units), to which the gradient of both biases is added.
    """
    units = kernel.shape[1]
    count = rows.shape[0]
    of_state = np.zeros((count, units), kernel.dtype)
    product = np.empty((count, units), kernel.dtype)
    nothing = np.zeros(units, kernel.dtype)
    unity = kernel.dtype.type(1)  # with a plain 1, numba would compute in float64
    all_previous = np.empty((BUFFER + count, units), kernel.dtype)
    all_slopes = np.empty((BUFFER + count, 3 * units), kernel.dtype)
    scratch = np.empty((units, 3 * units), kernel.dtype)
    used = 0
    first, last = offset * 3 * units, offset * units
    longest = lengths[rows[0]]
    active = count if reverse else 0
    for step in range(longest):
        t = step if reverse else longest - 1 - step
        while not reverse and active < count and lengths[rows[active]] > t:
            active += 1
        while reverse and lengths[rows[active - 1]] <= t:
            active -= 1
        previous_rows, slopes = all_previous[used : used + active], all_slopes[used : used + active]
        for i in range(active):
            row = rows[i]
            s, slope = of_state[i], slopes[i]
            k = kept[row, t, 4 * last : 4 * last + 4 * units]
            update, reset = k[:units], k[units : 2 * units]
            candidate, inner = k[2 * units : 3 * units], k[3 * units :]
            neighbour = t + 1 if reverse else t - 1
            inside = 0 <= neighbour < lengths[row]
            previous = states[row, neighbour, last : last + units] if inside else nothing
            copy(previous, previous_rows[i])
            above = upstream[row, t, last : last + units]
            result = of_inputs[row, t, first : first + 3 * units]
            entering = result[2 * units :]
            to_update, to_reset, to_inner = slope[:units], slope[units : 2 * units], slope[2 * units :]
            for j in range(units):
                s[j] += above[j]
            for j in range(units):
                entering[j] = s[j] * (unity - update[j]) * (unity - candidate[j] * candidate[j])
            for j in range(units):
                to_inner[j] = entering[j] * reset[j]
            for j in range(units):
                to_reset[j] = to_inner[j] * inner[j] * (unity - reset[j])
            for j in range(units):
                to_update[j] = s[j] * (previous[j] - candidate[j]) * update[j]
            for j in range(units):
                to_update[j] *= unity - update[j]
            for j in range(units):
                s[j] *= update[j]
            copy(slope[: 2 * units], result[: 2 * units])
            add(result, of_bias[0])
            add(slope, of_bias[1])
        np.dot(slopes, kernel, product[:active])
        for i in range(active):
            add(product[i], of_state[i])
        used += active
        if used >= BUFFER:
            add_product(all_previous[:used], all_slopes[:used], scratch, of_kernel)
            used = 0
    add_product(all_previous[:used], all_slopes[:used], scratch, of_kernel)
