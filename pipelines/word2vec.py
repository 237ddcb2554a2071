"""The binary format of word2vec (Mikolov et al., 2013): counts in a line, then words and float32 numbers."""

from __future__ import annotations

import re
from typing import BinaryIO, Dict, Mapping, Optional

import numpy as np

from pipelines.errors import UserError
from pipelines.raw_files import peeked

_HEADER = re.compile(rb"(\d{1,12}) (\d{1,6})\r?\n")
_FASTTEXT_MODEL = b"\xba\x16\x4f\x2f"  # fastText's own .bin begins with it
_LOOK = 4096  # bytes that tell binary numbers from text
_LONGEST_WORD = 10_000  # bytes


def is_binary(file: BinaryIO) -> bool:
    """Whether vectors stand in the file as binary numbers, which hold bytes that no text has."""
    begin = peeked(file, _LOOK)
    if begin.startswith(_FASTTEXT_MODEL):
        return True
    return bool(_HEADER.match(begin)) and re.search(rb"[\0-\x08\x0e-\x1a]", begin) is not None


def read_binary(path: str, file: BinaryIO, wanted: Mapping[bytes, str], dim: int) -> Dict[str, np.ndarray]:
    """Read the vectors of the wanted words.

    Args:
        path: for errors.
        file: for which ``is_binary``.
        wanted: word by its UTF-8.
        dim: length of a vector.

    Returns:
        word -> float32 (dim,), for those of ``wanted`` that the file has.

    Raises:
        UserError: another dimension, a file that ends early, or a model of fastText.
    """
    if peeked(file, len(_FASTTEXT_MODEL)) == _FASTTEXT_MODEL:
        raise UserError(f"{path}: a model of fastText, not word vectors; take its .vec file")
    header = _HEADER.fullmatch(file.readline(64))
    if header is None:
        raise UserError(f"{path}: not the word vectors of word2vec; check --glove")
    count, found = int(header[1]), int(header[2])
    if found != dim:
        raise UserError(
            f"{path}: vectors of {found} numbers, not {dim}; "
            f"take the file with {dim} or --set data.word_dim={found}"
        )
    vectors: Dict[str, np.ndarray] = {}
    for number in range(1, count + 1):
        entry = _word(file)
        numbers = file.read(4 * dim)
        if entry is None or len(numbers) < 4 * dim:
            raise UserError(f"{path}, word {number}: cut off or damaged; download the file again")
        word = wanted.get(entry)
        if word is not None and word not in vectors:
            vectors[word] = np.frombuffer(numbers, "<f4").astype(np.float32)
            if not np.isfinite(vectors[word]).all():
                raise UserError(f"{path}, word {number}: a value is not finite; download the file again")
    if not count:
        raise UserError(f"{path}: no vectors in this file; download it again")
    return vectors


def _word(file: BinaryIO) -> Optional[bytes]:
    """The bytes up to a space, without the line feed that some tools write after the numbers before."""
    word = bytearray()
    while True:
        byte = file.read(1)
        if not byte or len(word) > _LONGEST_WORD:
            return None
        if byte == b" " and word:
            return bytes(word)
        if byte != b"\n" or word:
            word += byte
