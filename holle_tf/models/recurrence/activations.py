"""In-place sigmoid and tanh of a vector, in a form that numba's compiler can vectorise."""

from __future__ import annotations

import math
from typing import Any, Callable

import numba
import numpy as np
from numba.extending import overload

# Without the flags that let the compiler rule out NaN, because a diverged training has to show.
# With NumPy's error model, because Python's check for division by zero prevents vectorisation.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
    "error_model": "numpy",
}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``function`` to machine code, cached on disk if a cache folder is writable.

    The cache is renewed when the file of ``function`` changes, but not when a function that it calls changes:
    after editing this file, delete ``__pycache__``.
    """
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # neither the package's folder nor the user's is writable
        return numba.njit(**OPTIONS)(function)


_BOUND = np.float32(7.905311)  # where tanh rounds to 1
# Coefficients of tanh in single precision as a rational function of x: odd powers over even powers, highest
# first. Eigen, and therefore TensorFlow, uses the same.
_ODD = tuple(
    np.float32(c)
    for c in (
        -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08,
        1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03,
    )
)  # fmt: skip
_EVEN = tuple(
    np.float32(c)
    for c in (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
)
_A6, _A5, _A4, _A3, _A2, _A1, _A0 = _ODD
_B3, _B2, _B1, _B0 = _EVEN


def tanh(x: Any) -> Any:
    """tanh of a scalar; in compiled code fast for float32 and exact for float64."""
    return math.tanh(x)


@overload(tanh, jit_options={"fastmath": OPTIONS["fastmath"], "error_model": "numpy"}, inline="always")
def _tanh(x):  # type: ignore[no-untyped-def]
    if x != numba.float32:
        return lambda x: math.tanh(x)

    def fast(x):  # type: ignore[no-untyped-def]
        x = min(max(x, -_BOUND), _BOUND)
        y = x * x
        odd = y * (y * (y * (y * (y * (y * _A6 + _A5) + _A4) + _A3) + _A2) + _A1) + _A0
        return x * odd / (y * (y * (y * _B3 + _B2) + _B1) + _B0)

    return fast


@compiled
def tanh_of(x: np.ndarray) -> None:
    """Replace the values of a vector by their tanh."""
    for j in range(x.shape[0]):
        x[j] = tanh(x[j])


@compiled
def sigmoid_of(x: np.ndarray) -> None:
    """Replace the values of a vector by their sigmoid."""
    half = x.dtype.type(0.5)
    for j in range(x.shape[0]):
        x[j] = half + half * tanh(half * x[j])


@compiled
def copy(source: np.ndarray, target: np.ndarray) -> None:
    """Like ``target[:] = source``, for which numba generates slow code."""
    for j in range(target.shape[0]):
        target[j] = source[j]


@compiled
def add(source: np.ndarray, target: np.ndarray) -> None:
    """Add ``source`` to ``target`` in place."""
    for j in range(target.shape[0]):
        target[j] += source[j]


@compiled
def add_product(left: np.ndarray, right: np.ndarray, scratch: np.ndarray, total: np.ndarray) -> None:
    """Add left^T right, of (n, k) and (n, m), to ``total`` (k, m); ``scratch`` is (k, m) too."""
    np.dot(left.T, right, scratch)
    total += scratch
