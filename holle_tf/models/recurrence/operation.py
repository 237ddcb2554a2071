"""Both directions of a recurrent layer as one TensorFlow operation with a gradient."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any, Callable

import numpy as np
import scipy.linalg  # noqa: F401  numba multiplies by SciPy's BLAS, which must be loaded to be limited
import tensorflow as tf
from threadpoolctl import threadpool_limits

from holle_tf.models.recurrence import gru, lstm
from pipelines.parallel import cores

LEAST_ROWS, MOST_ROWS = 8, 32  # of a group: with fewer, products are wasteful; more gain little
ALIGNMENT = 64  # bytes
CELLS = {"gru": gru, "lstm": lstm}
DIRECTIONS = ((0, False), (1, True))


def recurrence(
    cell: str, inputs: tf.Tensor, kernels: tf.Tensor, biases: tf.Tensor, lengths: tf.Tensor, keep: bool
) -> tf.Tensor:
    """The states of a bidirectional GRU or LSTM.

    Runs on all cores of the CPU. It has no second-order gradient (asking for one is an error), and it cannot
    be compiled by XLA or saved in a SavedModel; Keras' layers can.

    Args:
        cell: gru | lstm; gates are in Keras' order, of which a GRU has 3 and an LSTM 4.
        inputs: (batch, length, 2 * gates * units), float32 or float64; words times the input kernels of
            both directions, without bias.
        kernels: (2, units, gates * units), the recurrent kernels.
        biases: (2, 2, gates * units) of a GRU: of the inputs, of the state; (2, 1, gates * units) of an LSTM.
        lengths: int (batch,), words of each text; what follows them is padding.
        keep: keep all gates for the gradient, which otherwise computes them again.

    Returns:
        (batch, length, 2 * units), zero on padding.
    """
    module, dtype = CELLS[cell], inputs.dtype
    units = int(kernels.shape[1])

    @tf.custom_gradient
    def operation(inputs: tf.Tensor, kernels: tf.Tensor, biases: tf.Tensor) -> Any:
        forward = functools.partial(_forward, module, keep)
        given = [inputs, kernels, biases, lengths]
        states, kept = tf.numpy_function(forward, given, [dtype, dtype])
        states = tf.ensure_shape(states, [*inputs.shape[:2], 2 * units])

        def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
            found = first_order(upstream, inputs, kernels, biases, states, kept)
            shapes = (inputs.shape, kernels.shape, biases.shape)
            return [tf.ensure_shape(tensor, shape) for tensor, shape in zip(found, shapes)]

        return states, gradient

    @tf.custom_gradient
    def first_order(
        upstream: tf.Tensor,
        inputs: tf.Tensor,
        kernels: tf.Tensor,
        biases: tf.Tensor,
        states: tf.Tensor,
        kept: tf.Tensor,
    ) -> Any:
        given = [upstream, inputs, kernels, biases, lengths, states, kept]

        def refuse(*_: tf.Tensor) -> Any:  # else TensorFlow would take it for zero
            raise LookupError(
                "the compiled recurrence has no second-order gradient; make the layers within "
                "recurrent_implementation('keras')"
            )

        return tf.numpy_function(functools.partial(_backward, module), given, [dtype] * 3), refuse

    return operation(inputs, kernels, biases)


def _forward(
    module: ModuleType,
    keep: bool,
    inputs: np.ndarray,
    kernels: np.ndarray,
    biases: np.ndarray,
    lengths: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    batch, length = inputs.shape[:2]
    units = kernels.shape[1]
    states = _aligned((batch, length, 2 * units), inputs.dtype)
    states.fill(0)
    kept = _aligned((batch, length if keep else 0, 2 * module.KEPT * units), inputs.dtype)

    def run(rows: np.ndarray, offset: int, reverse: bool) -> None:
        kernel, bias = kernels[offset], biases[offset]
        module.forward(inputs, kernel, bias, rows, lengths, reverse, offset, states, kept)

    _in_parallel(run, lengths)
    return states, kept


def _backward(
    module: ModuleType,
    upstream: np.ndarray,
    inputs: np.ndarray,
    kernels: np.ndarray,
    biases: np.ndarray,
    lengths: np.ndarray,
    states: np.ndarray,
    kept: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if kept.shape[1] < inputs.shape[1]:
        _, kept = _forward(module, True, inputs, kernels, biases, lengths)
    transposed = np.ascontiguousarray(kernels.transpose(0, 2, 1))
    of_inputs = _aligned(inputs.shape, inputs.dtype)
    of_inputs.fill(0)
    of_kernels, of_biases = np.zeros_like(kernels), np.zeros_like(biases)

    def run(rows: np.ndarray, offset: int, reverse: bool) -> tuple[int, np.ndarray, np.ndarray]:
        of_kernel, of_bias = np.zeros_like(kernels[0]), np.zeros_like(biases[0])
        module.backward(
            upstream, transposed[offset], rows, lengths, reverse, offset, states, kept,
            of_inputs, of_kernel, of_bias,
        )  # fmt: skip
        return offset, of_kernel, of_bias

    for offset, of_kernel, of_bias in _in_parallel(run, lengths):
        of_kernels[offset] += of_kernel
        of_biases[offset] += of_bias
    return of_inputs, of_kernels, of_biases


def _in_parallel(run: Callable[..., Any], lengths: np.ndarray) -> list[Any]:
    """Call ``run(rows, offset, reverse)`` for each group of rows, longest first, in both directions."""
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    rows = group_size(len(order))
    tasks = [
        _pool().submit(run, order[i : i + rows], *direction)
        for i in range(0, len(order), rows)
        for direction in DIRECTIONS
    ]
    return [task.result() for task in tasks]


def group_size(count: int) -> int:
    """Rows of a group, of ``count`` rows in all, so that every core has a group to work on.

    Every word's product needs the whole kernel, which a BLAS may rearrange each time (OpenBLAS does so
    without AVX-512). The more rows share that cost, the better.
    """
    share = -(-len(DIRECTIONS) * count // cores())
    return min(MOST_ROWS, max(LEAST_ROWS, share))


def _aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An uninitialised array, aligned as a tensor is, so that it becomes a tensor without a copy."""
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.empty(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)


@functools.cache
def _pool() -> ThreadPoolExecutor:
    # Each group of rows has a thread of this pool; a BLAS with threads of its own would get in the way.
    threadpool_limits(1, user_api="blas")
    return ThreadPoolExecutor(cores(), thread_name_prefix="recurrence")
