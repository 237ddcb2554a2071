"""A dev split taken from train, for data sets that are published with fewer than three splits.

There are two rules, and data keep theirs. A reader with ``document_of`` gives whole documents to dev
(``with_three_splits``). One with ``ties`` gives whole chats, and what is connected to them (``dev_by_ties``).
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Sequence, Tuple, Type

from pipelines.errors import UserError
from pipelines.readers.reader import CHAT, Reader
from pipelines.split_files import MissingSplit

logger = logging.getLogger(__name__)

TRAIN, DEV, TEST = "train", "dev", "test"
SHARE = 0.1  # of train that makes dev: of its documents, or of its examples by ties
_SEED = "dev"
VERSION = 1  # of the choice by documents, for fingerprints; raise it when another part is taken
FROM_TRAIN = "no file for dev: a tenth of the documents of train, chosen by a fixed seed"
DEV_AS_TEST = "no file for test: the file for dev is test"
_MOST_SHARE = 0.25  # a group of ties that would make dev larger than this stays in train
_SEED_OF_TIES = 0
# Of the choice by ties; raise the version when other examples become dev.
DEV_RULE = {"share": SHARE, "seed": _SEED_OF_TIES, "version": 1}

Tie = Tuple[str, str]


def with_three_splits(reader: Reader, data_dir: Path) -> Reader:
    """The reader itself or, if the folder has no dev or no test, one that makes do with the others.

    Without dev, a tenth of the documents of train is dev. Without test, the published dev is test, and dev is
    taken from train. ``notes`` of the reader say so. A reader without ``document_of`` is returned as it is.
    """
    if reader.document_of is None:
        return reader
    there = {split: _has(reader, data_dir, split) for split in (TRAIN, DEV, TEST)}
    if all(there.values()) or not there[TRAIN] or not (there[DEV] or there[TEST]):
        return reader  # it has all that is needed, or raises an error that says what is missing
    notes = {DEV: FROM_TRAIN}
    if not there[TEST]:
        notes = {DEV: FROM_TRAIN.partition(": ")[2], TEST: DEV_AS_TEST}
    return replace(
        reader,
        files=partial(_files, reader, there[TEST]),
        records=partial(_records, reader),
        notes=notes,
    )


def lacks_dev(reader: Reader, data_dir: Path) -> bool:
    """Whether a folder has files for train and test, and none for dev, which then comes from train."""
    if reader.ties is None:
        return False
    found = {split: _has(reader, data_dir, split, UserError) for split in (TRAIN, DEV, TEST)}
    return found[TRAIN] and found[TEST] and not found[DEV]


def dev_by_ties(reader: Reader, data_dir: Path, split: str, files: Sequence[Path]) -> Reader:
    """The reader of train or dev, both of which are made of the files of train (see ``lacks_dev``).

    Raises:
        UserError: a file cannot be read, or train cannot be divided.
    """
    return replace(
        reader, records=partial(_records_by_ties, reader, _held_out(reader, data_dir, files), split)
    )


def _records_by_ties(
    reader: Reader, held_out: FrozenSet[Tie], part: str, files: Sequence[Path], split: str
) -> Iterator[Any]:
    del split
    yield from _part(
        reader, lambda record: not held_out.isdisjoint(ties_of(reader, record)), part == DEV, files, TRAIN
    )


def ties_of(reader: Reader, record: Any) -> List[Tie]:
    """The ties of a record that are known, see ``Reader.ties``; its chat, if there is one, among them."""
    assert reader.ties is not None
    return [(kind, value) for kind, value in reader.ties(record).items() if value]


def _has(reader: Reader, data_dir: Path, split: str, missing: Type[UserError] = MissingSplit) -> bool:
    try:
        return bool(reader.files(data_dir, split))
    except missing:
        return False


def _files(reader: Reader, has_test: bool, data_dir: Path, split: str) -> Sequence[Path]:
    if split == TEST and not has_test:
        return reader.files(data_dir, DEV)
    return reader.files(data_dir, TRAIN if split == DEV else split)


def _records(reader: Reader, files: Sequence[Path], split: str) -> Iterator[Any]:
    if split not in (TRAIN, DEV):
        yield from reader.records(files, split)
        return
    chosen = held_out_documents(reader, files)
    yield from _part(reader, lambda record: _document(reader, record) in chosen, split == DEV, files, split)


def _part(
    reader: Reader, held_out: Callable[[Any], bool], inside: bool, files: Sequence[Path], split: str
) -> Iterator[Any]:
    """The records of train that are held out, or those that are not."""
    for record in reader.records(files, split):
        if held_out(record) == inside:
            yield record


def held_out_documents(reader: Reader, files: Sequence[Path]) -> FrozenSet[str]:
    """The documents of train that are dev: a tenth, at least one, whatever their order in the files.

    Raises:
        UserError: there is only one document.
    """
    found: Dict[str, None] = {}
    for record in reader.records(files, "train"):
        found.setdefault(_document(reader, record))
    if len(found) < 2:
        raise UserError(f"{files[-1]}: only one document, of which no dev can be taken; add a file for dev")
    ranked: List[str] = sorted(found, key=_rank)
    return frozenset(ranked[: max(1, round(SHARE * len(ranked)))])


def _document(reader: Reader, record: Any) -> str:
    assert reader.document_of is not None
    return reader.document_of(record)


def _rank(document: str) -> bytes:
    return hashlib.sha256(f"{_SEED}:{document}".encode()).digest()


_KNOWN: Dict[Any, FrozenSet[Tie]] = {}  # of this process, since train and dev both ask


def _held_out(reader: Reader, data_dir: Path, files: Sequence[Path]) -> FrozenSet[Tie]:
    """The ties of the records that become dev."""
    stats = [(path, path.stat()) for path in files]
    key = (reader.name, *((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats))
    if key not in _KNOWN:
        groups = _Groups(ties_of(reader, record) for record in reader.records(files, TRAIN))
        chosen = groups.choose()
        by = "chat and document"
        if not chosen:  # all chats are about one document
            ties = ([tie for tie in ties_of(reader, record) if tie[0] == CHAT]
                    for record in reader.records(files, TRAIN))  # fmt: skip
            groups, by = _Groups(ties), "chat alone, because all chats share a document"
            chosen = groups.choose()
        if not chosen:
            raise UserError(
                f"{data_dir}: no dev_data, and train has too few chats to make one of it; add a dev_data.json"
            )
        logger.warning(
            f"{data_dir}: no dev_data; {groups.size(chosen)} of the {groups.total} examples of train become"
            f" dev, divided by {by}"
        )
        _KNOWN.clear()
        _KNOWN[key] = groups.ties(chosen)
    return _KNOWN[key]


class _Groups:
    """Records that are connected by what they share: a union-find structure over ties."""

    def __init__(self, records: Iterator[List[Tie]]):
        self._parent: Dict[Tie, Tie] = {}
        counts: Counter = Counter()
        self.total = 0
        for ties in records:
            self.total += 1
            if not ties:  # it stays in train
                continue
            counts[ties[0]] += 1
            first = self._root(ties[0])
            for tie in ties[1:]:
                self._parent[self._root(tie)] = first
        self._sizes: Counter = Counter()
        self._members: Dict[Tie, List[Tie]] = {}
        for tie in self._parent:
            root = self._root(tie)
            self._sizes[root] += counts[tie]
            self._members.setdefault(root, []).append(tie)

    def _root(self, tie: Tie) -> Tie:
        parent = self._parent.setdefault(tie, tie)
        while parent != self._parent[parent]:
            self._parent[tie] = self._parent[parent]
            tie, parent = parent, self._parent[parent]
        return parent

    def choose(self) -> List[Tie]:
        """Random groups of about ``SHARE`` of the records; none where every group is too large.

        The order of the file does not matter.
        """
        order = sorted(self._sizes, key=lambda root: _random(min(self._members[root])))
        chosen: List[Tie] = []
        size = 0
        for root in order:
            if size >= SHARE * self.total:
                break
            if (
                size + self._sizes[root] <= max(_MOST_SHARE * self.total, 1)
                and self._sizes[root] < self.total
            ):
                chosen.append(root)
                size += self._sizes[root]
        return chosen

    def size(self, roots: Sequence[Tie]) -> int:
        return sum(self._sizes[root] for root in roots)

    def ties(self, roots: Sequence[Tie]) -> FrozenSet[Tie]:
        return frozenset(tie for root in roots for tie in self._members[root])


def _random(tie: Tie) -> str:
    return hashlib.sha256(f"{_SEED_OF_TIES} {tie[0]} {tie[1]}".encode("utf-8", "surrogatepass")).hexdigest()
