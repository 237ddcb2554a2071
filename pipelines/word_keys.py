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
WORD_BITS = 15  # low bits of a key, from the whole word
STEM_BITS = 16  # the bits above them, from its beginning; 31 in all, so that a key is a positive int32
KEY_BYTES = 64  # of a word's UTF-8 that count; words that differ only behind them have one key
NO_KEY = 0  # of padding


@lru_cache(maxsize=1 << 17)
def word_key(form: str) -> int:
    """The key of a lookup form, from 1 to 2**31 - 1.

    Words that begin alike share the high bits, and equal words the key. Two words that begin differently
    share the high bits with a probability of 2**-16, and the key with one of 2**-31.
    """
    stem = _crc(form[:STEM_CHARS]) % (1 << STEM_BITS)
    return max(stem << WORD_BITS | _crc(form) % (1 << WORD_BITS), 1)


def word_keys(forms: Iterable[str]) -> np.ndarray:
    """The keys of many lookup forms: int32 (words,)."""
    return np.array([word_key(form) for form in forms], dtype=np.int32)


def _crc(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace")[:KEY_BYTES])
