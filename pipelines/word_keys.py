"""Keys: numbers by which words are compared by their spelling, whether the vocabulary has them or not.

A key has two parts: one of the word's beginning, which stands for its stem, and one of the whole word. Both
are taken from CRC-32, which the standard library of nearly every language computes. Words are lookup forms
(``tokenizer.lookup_form``), so case does not matter. ``export.graph_keys`` computes the same in a graph.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Iterable

import numpy as np

KEY_VERSION = 1  # raise it when the key of any word changes; prepared data say which they have
STEM_CHARS = 5  # characters of the beginning
STEM_BITS = 16  # high bits of a key: the lowest of the beginning's CRC
WORD_BITS = 15  # low bits of a key: the highest of the whole word's CRC; 31 in all, for a positive int32
CRC_BITS = 32
KEY_BYTES = 64  # of a word's UTF-8 that count; words that differ only behind them have one key
NO_KEY = 0  # of padding


@lru_cache(maxsize=1 << 17)
def word_key(form: str) -> int:
    """The key of a lookup form, from 1 to 2**31 - 1.

    Words that begin alike share the high bits, and equal words the key. By accident, two words that begin
    differently share the high bits once in 2**16, and two that begin alike the key once in 2**15.
    """
    stem = _crc(form[:STEM_CHARS]) % (1 << STEM_BITS)
    # The other end of the CRC, because in a word of up to five characters both parts are of the same one.
    return max(stem << WORD_BITS | _crc(form) >> (CRC_BITS - WORD_BITS), 1)


def word_keys(forms: Iterable[str]) -> np.ndarray:
    """The keys of many lookup forms: int32 (words,)."""
    return np.array([word_key(form) for form in forms], dtype=np.int32)


def _crc(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace")[:KEY_BYTES])
