"""A document that a model has read, in as few bytes as its states allow."""

from __future__ import annotations

import mmap
from typing import Any, Sequence

import numpy as np

from holle_tf.store.read_document import ReadDocument, dequantized, quantized, widened

STATES = ("float32", "float16", "int8")
OBJECTS_BYTES = 1000  # of Python's objects for a document, beside its arrays
OWN_PAGES = 1 << 16  # bytes from which a document has pages of its own
_ALIGNED = 64  # bytes at which arrays begin
_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
_WHOLE = (np.uint8, np.uint16)  # formats of ids and offsets; larger numbers are int32


class KeptDocument:
    """A document, read and packed; it does not change.

    Offsets are kept as the gap before each word and its length, and whole numbers in the fewest bytes that
    hold them all. All arrays are parts of a single block of memory.

    Args:
        read: the document.
        states: float32 | float16 | int8 (with a scale for each word), of its states.

    Attributes:
        words: number of them.
        size: bytes that it takes.
    """

    __slots__ = ("words", "size", "_gaps", "_lengths", "_feeds", "_scales")

    def __init__(self, read: ReadDocument, states: str):
        feeds, scales = {}, {}
        for name, values in read.feeds.items():
            if values.dtype.kind != "f":
                feeds[name] = _narrowed(values)
            elif states == "int8":
                feeds[name], scales[name] = quantized(values)
            else:
                feeds[name] = values.astype(states, copy=False)
        gaps = read.starts - np.concatenate([[0], read.ends[:-1]])
        offsets = [_narrowed(gaps), _narrowed(read.ends - read.starts)]
        parts = _in_a_block([*offsets, *feeds.values(), *scales.values()])
        self.words = len(read.starts)
        self.size = sum(part.nbytes for part in parts) + OBJECTS_BYTES
        self._gaps, self._lengths, *rest = parts
        self._feeds = dict(zip(feeds, rest))
        self._scales = dict(zip(scales, rest[len(feeds) :]))

    def offsets(self) -> tuple[np.ndarray, np.ndarray]:
        """int32 (words,) each: where the words start, and where they end."""
        lengths = self._lengths.astype(np.int32)
        ends = np.cumsum(self._gaps + lengths, dtype=np.int32)
        return ends - lengths, ends

    def names(self) -> list[str]:
        """What an answer needs of it."""
        return list(self._feeds)

    def feed(self, name: str, dtype: np.dtype) -> np.ndarray:
        """(words, ...) of what an answer needs; not a copy if it is kept in this type."""
        values, scale = self._feeds[name], self._scales.get(name)
        if scale is not None:
            values = dequantized(values, scale)
        elif values.dtype == np.float16 and dtype == np.float32:
            return widened(values)
        return values.astype(dtype, copy=False)


def _narrowed(numbers: np.ndarray) -> np.ndarray:
    """Whole numbers in the fewest bytes that hold them all."""
    least, most = numbers.min(initial=0), numbers.max(initial=0)
    for kind in _WHOLE:
        if least >= 0 and most <= np.iinfo(kind).max:
            return numbers.astype(kind)
    return numbers.astype(np.int32, copy=False)


def _in_a_block(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Copies of arrays, one after the other in memory.

    A large block has pages of its own. The C library would put it between buffers of TensorFlow or
    onnxruntime, which leave holes that no other document fills: 1,000 documents took up to twice their bytes.
    """
    places, size = [], 0
    for array in arrays:
        places.append(size)
        size += -(-array.nbytes // _ALIGNED) * _ALIGNED
    memory: Any = mmap.mmap(-1, size, **_PRIVATE) if size >= OWN_PAGES else np.empty(size, np.uint8)
    copies: list[np.ndarray] = [
        np.ndarray(a.shape, a.dtype, memory, place) for a, place in zip(arrays, places)
    ]
    for copy, array in zip(copies, arrays):
        copy[...] = array
    return copies
