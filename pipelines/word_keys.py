"""Keys: numbers that are equal for words that are spelt alike, whether the vocabulary has them or not.

A key is the CRC-32 of the word's lookup form, which the standard library of nearly every language computes.
``export.graph_tokenizer`` computes the same in a graph.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Iterable

import numpy as np

KEY_VERSION = 1  # raise it when the key of any word changes; prepared data say which they have
KEY_BYTES = 64  # of a word's UTF-8 that count; two words that differ only behind them have one key
KEY_MASK = 0x7FFFFFFF  # so that a key is a positive int32 everywhere
NO_KEY = 0  # of padding


@lru_cache(maxsize=1 << 17)
def word_key(form: str) -> int:
    """The key of a lookup form (see ``tokenizer.lookup_form``), from 1 to 2**31 - 1.

    Two different words share a key with a probability of 2**-31.
    """
    crc = zlib.crc32(form.encode("utf-8", "replace")[:KEY_BYTES])
    return max(crc & KEY_MASK, 1)


def word_keys(forms: Iterable[str]) -> np.ndarray:
    """The keys of many lookup forms: int32 (words,)."""
    return np.array([word_key(form) for form in forms], dtype=np.int32)
