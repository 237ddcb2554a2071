"""Numbers for words and for characters."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import AbstractSet, Dict, Iterable, List, Optional, Sequence, Union

import numpy as np

from pipelines.errors import UserError
from pipelines.files import atomic_file

PAD = 0
UNK = 1
SPECIAL = ("<pad>", "<unk>")
NULL = "<null>"  # the word of the null position; no tokenizer makes it of a text
MAX_CHARS = 1 << 16  # character ids are stored in 16 bits


class Vocabulary:
    """A two-way map between entries and ids; PAD = 0 and UNK = 1 come first."""

    def __init__(self, entries: Iterable[str]):
        """Number the entries from 2 on, in their order; ValueError where one occurs twice."""
        self._entries: List[str] = [*SPECIAL, *entries]
        self._ids: Dict[str, int] = {entry: number for number, entry in enumerate(self._entries)}
        if len(self._ids) != len(self._entries):
            repeated = next(entry for entry, count in Counter(self._entries).items() if count > 1)
            raise ValueError(f"{repeated!r} is in the vocabulary twice")

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, number: int) -> str:
        return self._entries[number]

    def __contains__(self, entry: str) -> bool:
        return entry in self._ids

    @property
    def entries(self) -> Sequence[str]:
        """All entries in the order of their ids, the special ones included."""
        return tuple(self._entries)

    def id(self, entry: str) -> int:
        """The entry's id, UNK for one that is not there."""
        return self._ids.get(entry, UNK)

    def ids(self, entries: Iterable[str]) -> np.ndarray:
        """The ids of many entries: int32 (length,)."""
        get = self._ids.get
        return np.array([get(entry, UNK) for entry in entries], dtype=np.int32)

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Write one entry per line as a JSON string (so that any character survives); line number = id."""
        with atomic_file(path, "w") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in self._entries)

    @classmethod
    def load(cls, path: Union[str, os.PathLike[str]]) -> Vocabulary:
        """Read what ``save`` wrote.

        Raises:
            UserError: the file is missing, or a line is not what ``save`` writes.
        """
        try:
            lines = Path(path).read_text(encoding="ascii").splitlines()
        except OSError as error:
            raise UserError(
                f"{path}: cannot read this vocabulary ({error.strerror}); prepare the data again"
            ) from error
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: not a vocabulary file; prepare the data again") from error
        entries = []
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                entry = None
            if not isinstance(entry, str):
                raise UserError(f"{path}, line {number}: not a JSON string; prepare the data again")
            entries.append(entry)
        if tuple(entries[:2]) != SPECIAL:
            raise UserError(
                f"{path}: does not begin with {SPECIAL[0]} and {SPECIAL[1]}; prepare the data again"
            )
        try:
            return cls(entries[2:])
        except ValueError as error:
            raise UserError(f"{path}: {error}; prepare the data again") from error


def _by_frequency(counts: Counter) -> List[str]:
    return sorted(counts, key=lambda entry: (-counts[entry], entry))


def build_word_vocabulary(
    counts: Counter,
    known: Optional[AbstractSet[str]] = None,
    min_count: int = 1,
    has_null: bool = False,
) -> Vocabulary:
    """Number the words, most frequent first, ties in alphabetical order.

    Args:
        counts: of lookup forms.
        known: the words with a GloVe vector, which alone are kept, however rare; None means that
            vectors are learned, and that words rarer than ``min_count`` share the unknown one.
        has_null: number ``NULL`` first.
    """
    if known is None:
        kept = [word for word in _by_frequency(counts) if counts[word] >= min_count]
    else:
        kept = [word for word in _by_frequency(counts) if word in known]
    reserved = [NULL] if has_null else []
    return Vocabulary([*reserved, *(word for word in kept if word not in (*SPECIAL, *reserved))])


def build_char_vocabulary(counts: Counter, min_count: int = 1) -> Vocabulary:
    """Number the single characters seen at least ``min_count`` times (as many as 16 bits can tell apart)."""
    kept = [char for char in _by_frequency(counts) if counts[char] >= min_count]
    return Vocabulary(kept[: MAX_CHARS - len(SPECIAL)])
