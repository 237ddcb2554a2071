"""What a model has read of a document, and the formats in which its states are kept."""

from __future__ import annotations

from typing import Mapping, NamedTuple

import numpy as np

_HALF_BITS = np.array(0x8FFFE000, np.uint32).view(np.int32)  # of a float16 in a float32: sign and 15 more
_HALF_BIAS = np.float32(2.0**112)  # what the exponents of both differ by


class ReadDocument(NamedTuple):
    """What a model has read of a document.

    Attributes:
        starts, ends: int32 (words,), character offsets of the words, end exclusive.
        feeds: what an answer needs of it, by the names of inputs of ``answer.onnx``: int32 (words,), or
            floats (words, n).
    """

    starts: np.ndarray
    ends: np.ndarray
    feeds: Mapping[str, np.ndarray]


def quantized(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Float states (words, n) as int8 (words, n) and their float32 scales (words,)."""
    states = states.astype(np.float32, copy=False)
    scale = np.maximum(np.abs(states).max(axis=1), 1e-30) / 127
    return np.rint(states / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def dequantized(numbers: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """float32 (words, n) of what ``quantized`` returned."""
    states = numbers.astype(np.float32)
    states *= scale[:, None]
    return states


def widened(states: np.ndarray) -> np.ndarray:
    """Finite float16 numbers as float32, exactly, in a sixth of the time of NumPy 1's ``astype``."""
    bits = states.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= _HALF_BITS
    wide = bits.view(np.float32)
    wide *= _HALF_BIAS
    return wide
