"""What ``pipelines.tokenizer`` knows about every character, as tables that a graph can store."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from pipelines.options import LATIN
from pipelines.scripts import ATTACHED, ATTACHED_LETTERS, KATAKANA, STACKING, UNSPACED
from pipelines.tokenizer import lookup_form

# Classes of characters. A DIGIT is a decimal one. The last three are those of ``pipelines.scripts``, by the
# rules UNICODE only.
SYMBOL, SPACE, LETTER, DIGIT, MARK, KANA, LONE, STACKER = range(8)
_LATIN = {SPACE: r"\s+", LETTER: r"[^\W\d_]+", DIGIT: r"\d+", MARK: "[\u0300-\u036f]+"}
_UNICODE = {
    **_LATIN,
    LETTER: rf"[^\W\d_{UNSPACED}{KATAKANA}{ATTACHED_LETTERS}]+",
    MARK: f"[{ATTACHED}]+",
    KANA: f"[{KATAKANA}]+",
    LONE: f"[{UNSPACED}]+",
    STACKER: f"[{STACKING}]+",  # also a mark
}
IRREGULAR = ("\u03a3", "\u0130")  # their lower case is not one letter by itself
_PAGE = 256  # code points


class CodePointTable(NamedTuple):
    """A function of code points; pages on which it is the same are kept once.

    Attributes:
        page_of: int32 (0x110000 / 256,), where each page begins in ``values``.
        values: int32, the distinct pages.
    """

    page_of: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, function: np.ndarray) -> CodePointTable:
        """The table of an int32 array over all code points."""
        pages, place = np.unique(function.reshape(-1, _PAGE), axis=0, return_inverse=True)
        return cls((place.reshape(-1) * _PAGE).astype(np.int32), pages.reshape(-1).astype(np.int32))

    def __call__(self, points: tf.Tensor) -> tf.Tensor:
        """The function's values at int32 code points, of the same shape."""
        page = tf.gather(self.page_of, tf.bitwise.right_shift(points, 8))
        return tf.gather(self.values, page + tf.bitwise.bitwise_and(points, _PAGE - 1))


@lru_cache(maxsize=2)
def character_classes(rules: str) -> CodePointTable:
    """The class of every code point, as Python's ``re`` sees it, for ``LATIN`` or ``UNICODE`` words."""
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    classes = np.full(len(everything), SYMBOL, np.int32)
    for kind, pattern in (_LATIN if rules == LATIN else _UNICODE).items():
        for run in re.finditer(pattern, everything):
            classes[run.start() : run.end()] = kind
    return CodePointTable.of(classes)


@lru_cache(maxsize=1)
def lookup_shifts() -> CodePointTable:
    """What has to be added to a code point for its form in the vocabulary (``tokenizer.lookup_form``).

    Nothing for ``IRREGULAR``: what a capital sigma becomes depends on its neighbours, and a dotted capital I
    becomes two characters.
    """
    shifts = np.zeros(sys.maxunicode + 1, np.int32)
    for point in range(len(shifts)):
        char = chr(point)
        form = lookup_form.__wrapped__(char)  # its cache is for words
        if form != char and char not in IRREGULAR:
            shifts[point] = ord(form) - point
    return CodePointTable.of(shifts)
