"""A compiled LSTM over a few rows, in one direction."""

from __future__ import annotations

import numpy as np

from holle_tf.models.recurrence.activations import add, add_product, compiled, copy, sigmoid_of, tanh_of

GATES = 4  # input, forget, candidate, output
KEPT = 5  # those, and the cell's state
BUFFER = 128  # rows to collect for a product of the kernel's gradient


@compiled
def forward(inputs, kernel, bias, rows, lengths, reverse, offset, states, kept):  # type: ignore[no-untyped-def]
    """As ``gru.forward``, with 4 gates, one bias, and (batch, length, 10 * units) kept."""
    units = kernel.shape[0]
    count = rows.shape[0]
    state = np.zeros((count, units), kernel.dtype)
    cells = np.zeros((count, units), kernel.dtype)
    product = np.empty((count, 4 * units), kernel.dtype)
    scratch = np.empty(5 * units, kernel.dtype)
    of_gates = bias[0]
    first, last = offset * 4 * units, offset * units
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
            x = inputs[rows[i], t, first : first + 4 * units]
            s, p, cell = state[i], product[i], cells[i]
            k = kept[rows[i], t, 5 * last : 5 * last + 5 * units] if kept.shape[1] else scratch
            gates, enter, forget = k[: 4 * units], k[:units], k[units : 2 * units]
            candidate, leave = k[2 * units : 3 * units], k[3 * units : 4 * units]
            # Several simple loops: the compiler vectorises them, but not a single loop over many arrays.
            for j in range(4 * units):
                gates[j] = x[j] + p[j] + of_gates[j]
            sigmoid_of(k[: 2 * units])
            tanh_of(candidate)
            sigmoid_of(leave)
            for j in range(units):
                cell[j] = forget[j] * cell[j] + enter[j] * candidate[j]
            copy(cell, k[4 * units :])
            copy(cell, s)
            tanh_of(s)
            for j in range(units):
                s[j] *= leave[j]
            copy(s, states[rows[i], t, last : last + units])


@compiled
def backward(upstream, kernel, rows, lengths, reverse, offset, states, kept, of_inputs, of_kernel, of_bias):  # type: ignore[no-untyped-def]
    """As ``gru.backward``, with 4 gates and one bias."""
    units = kernel.shape[1]
    count = rows.shape[0]
    of_state = np.zeros((count, units), kernel.dtype)
    of_cell = np.zeros((count, units), kernel.dtype)
    product = np.empty((count, units), kernel.dtype)
    squashed = np.empty(units, kernel.dtype)
    nothing = np.zeros(units, kernel.dtype)
    unity = kernel.dtype.type(1)  # with a plain 1, numba would compute in float64
    all_previous = np.empty((BUFFER + count, units), kernel.dtype)
    all_slopes = np.empty((BUFFER + count, 4 * units), kernel.dtype)
    scratch = np.empty((units, 4 * units), kernel.dtype)
    used = 0
    first, last = offset * 4 * units, offset * units
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
            s, c, slope = of_state[i], of_cell[i], slopes[i]
            k = kept[row, t, 5 * last : 5 * last + 5 * units]
            enter, forget = k[:units], k[units : 2 * units]
            candidate, leave = k[2 * units : 3 * units], k[3 * units : 4 * units]
            neighbour = t + 1 if reverse else t - 1
            inside = 0 <= neighbour < lengths[row]
            copy(states[row, neighbour, last : last + units] if inside else nothing, previous_rows[i])
            start = 5 * last + 4 * units
            previous = kept[row, neighbour, start : start + units] if inside else nothing
            above = upstream[row, t, last : last + units]
            to_enter, to_forget = slope[:units], slope[units : 2 * units]
            to_candidate, to_leave = slope[2 * units : 3 * units], slope[3 * units :]
            copy(k[4 * units :], squashed)
            tanh_of(squashed)
            for j in range(units):
                s[j] = (s[j] + above[j]) * leave[j]
            for j in range(units):
                c[j] += s[j] * (unity - squashed[j] * squashed[j])
            for j in range(units):
                to_leave[j] = s[j] * squashed[j] * (unity - leave[j])
            for j in range(units):
                to_enter[j] = c[j] * candidate[j] * enter[j] * (unity - enter[j])
            for j in range(units):
                to_candidate[j] = c[j] * enter[j] * (unity - candidate[j] * candidate[j])
            for j in range(units):
                to_forget[j] = c[j] * previous[j] * forget[j] * (unity - forget[j])
            for j in range(units):
                c[j] *= forget[j]
            copy(slope, of_inputs[row, t, first : first + 4 * units])
            add(slope, of_bias[0])
        np.dot(slopes, kernel, product[:active])
        for i in range(active):
            copy(product[i], of_state[i])
        used += active
        if used >= BUFFER:
            add_product(all_previous[:used], all_slopes[:used], scratch, of_kernel)
            used = 0
    add_product(all_previous[:used], all_slopes[:used], scratch, of_kernel)
