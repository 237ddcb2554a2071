"""Word vectors: GloVe's text format (Pennington et al., 2014), and those of word2vec and fastText."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import AbstractSet, BinaryIO, Dict, Iterator, Mapping, Sequence, cast

import numpy as np

from pipelines.errors import UserError
from pipelines.raw_files import DAMAGED, ZIP, opened_bytes, peeked
from pipelines.vocabulary import SPECIAL, Vocabulary
from pipelines.word2vec import is_binary, read_binary

_MEMBERS = (".txt", ".vec", ".bin")  # of a zip
_MOST_OF_A_LINE = 1 << 20  # bytes
_LARGEST = float(np.finfo(np.float32).max)
LEARNED_SCALE = 0.1  # standard deviation of vectors that start at random


def read_glove(path: str, words: AbstractSet[str], dim: int) -> Dict[str, np.ndarray]:
    """Read the vectors of the wanted words; memory grows with these and not with the file.

    Args:
        path: a text file, with a line of counts before it or not, or a ``.bin`` file of word2vec; plain or in
            a gzip or zip file, of which the member of the right dimension is read. The content tells them
            apart.
        words: lookup forms.
        dim: length of a vector.

    Returns:
        word -> float32 (dim,), for those of ``words`` that the file has.

    Raises:
        UserError: missing or damaged file, another dimension, or a broken line (with its number).
    """
    wanted = {word.encode("utf-8", "surrogatepass"): word for word in words}
    vectors: Dict[str, np.ndarray] = {}
    empty = True
    try:
        with _open(Path(path), dim) as file:
            if is_binary(file):
                return read_binary(path, file, wanted, dim)
            for number, raw in enumerate(_lines(path, file), start=1):
                line = raw.rstrip(b" \t\r\n")
                if number == 1:
                    line = line.removeprefix(codecs.BOM_UTF8)
                elif not line.strip():
                    continue
                if b"\t" in line:  # some tools separate by tabs, all columns or the first one
                    line = line.replace(b"\t", b" ")
                if number == 1 and _check_first(path, line, dim):
                    continue
                empty = False
                if line.count(b" ") < dim:
                    raise _broken(path, number, f"fewer than {dim} numbers")
                # The spaces at the end of a line separate; any before them belong to the word ("new york").
                if line[: line.find(b" ")] not in wanted:
                    continue
                entry, *numbers = line.rsplit(b" ", dim)
                word = wanted.get(entry)
                if word is not None and word not in vectors:
                    vectors[word] = _vector(path, number, numbers)
    except (*DAMAGED, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path}: the compressed file is cut off or damaged ({error}); download it again"
        ) from error
    except (RuntimeError, NotImplementedError) as error:  # an encrypted zip, or one of another compression
        raise UserError(
            f"{path}: cannot unpack this zip ({error}); unpack it and give the text file"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot read the GloVe file ({error.strerror}); check --glove") from error
    if empty:
        raise UserError(f"{path}: no vectors in the GloVe file; download it again")
    return vectors


@contextmanager
def _open(path: Path, dim: int) -> Iterator[BinaryIO]:
    with opened_bytes(path) as file:
        if not peeked(file, len(ZIP)).startswith(ZIP):
            yield file
            return
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if "__MACOSX" not in name]
            texts = [name for name in names if name.lower().endswith(_MEMBERS)]
            named = [name for name in texts if re.search(rf"(?<!\d){dim}d", name)]
            chosen = named or (texts if len({Path(name).stem for name in texts}) == 1 else [])
            chosen.sort(
                key=lambda name: Path(name).suffix, reverse=True
            )  # some hold the same as .vec and .bin
            if not chosen:
                held = ", ".join(texts) or f"no file ending in {', '.join(_MEMBERS)}"
                raise UserError(
                    f"{path}: no {dim}-dimensional vectors (it has {held}); --set data.word_dim to match"
                )
            with archive.open(chosen[0]) as member:
                yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, member), 1 << 16))


def _lines(path: str, file: BinaryIO) -> Iterator[bytes]:
    for number, line in enumerate(iter(lambda: file.readline(_MOST_OF_A_LINE), b""), 1):
        if len(line) == _MOST_OF_A_LINE:
            raise UserError(f"{path}, line {number}: too long for a word and its vector; check --glove")
        yield line


def _check_first(path: str, line: bytes, dim: int) -> bool:
    """Check the dimension; True if the line is the "count dimension" header that some tools write."""
    fields = line.split(b" ")
    header = len(fields) == 2 and all(field.isdigit() for field in fields)
    found = int(fields[1]) if header else _numbers_at_the_end(fields[1:])
    if line and not found:
        raise UserError(
            f"{path}, line 1: no numbers behind the word, so these are not vectors in GloVe's text format, "
            "whose columns are separated by spaces or tabs; check --glove"
        )
    if found != dim and line:
        raise UserError(
            f"{path}: vectors of {found} numbers, not {dim}; "
            f"take the file with {dim} or --set data.word_dim={found}"
        )
    return header


def _numbers_at_the_end(fields: Sequence[bytes]) -> int:
    """How many fields at the end are numbers; those before them belong to the word."""
    count = 0
    for field in reversed(fields):
        try:
            float(field)
        except ValueError:
            break
        count += 1
    return count


def _vector(path: str, number: int, numbers: list) -> np.ndarray:
    try:
        values = [float(value) for value in numbers]
    except ValueError:
        raise _broken(path, number, "a value is not a number") from None
    if not all(abs(value) <= _LARGEST for value in values):  # nor is nan
        raise _broken(path, number, "a value is not finite")
    return np.array(values, dtype=np.float32)


def _broken(path: str, number: int, problem: str) -> UserError:
    return UserError(f"{path}, line {number}: broken GloVe line ({problem}); download the file again")


def embedding_matrix(
    vocabulary: Vocabulary, vectors: Mapping[str, np.ndarray], dim: int, seed: int = 0
) -> np.ndarray:
    """The vectors in the order of the vocabulary: float32 (len(vocabulary), dim).

    The rows of <pad> and <unk> are zero (the unknown vector is trained apart from this matrix); an
    entry without a vector gets a small random one.
    """
    generator = np.random.default_rng(seed)
    matrix = generator.normal(0.0, LEARNED_SCALE, (len(vocabulary), dim)).astype(np.float32)
    matrix[: len(SPECIAL)] = 0.0
    for number in range(len(SPECIAL), len(vocabulary)):
        vector = vectors.get(vocabulary[number])
        if vector is not None:
            matrix[number] = vector
    return matrix
