"""The reader of a folder that lacks a dev file, or whose ids start anew in every chat."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import AbstractSet, Any, Dict, FrozenSet, Iterator, List, Mapping, Sequence, Tuple

from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.options import DataConfig
from pipelines.readers.reader import CHAT, Reader

logger = logging.getLogger(__name__)

TRAIN, DEV, TEST = "train", "dev", "test"
DEV_SHARE = 0.1  # of the examples of train that become dev where there is no dev file
_MOST_SHARE = 0.25  # a group that would make dev larger than this stays in train
_SEED = 0
DEV_RULE = {
    "share": DEV_SHARE,
    "seed": _SEED,
    "version": 1,
}  # raise the version when other examples become dev
COMPOSED = "example_id repeats in other chats; chat_id was put before it"
_LOOK = 1000  # records that decide whether ids start anew in every chat
_REPEATED = 0.05  # share of them whose id another chat has, from which on they do

Tie = Tuple[str, str]


def lacks_dev(reader: Reader, data_dir: Path) -> bool:
    """Whether a folder has files for train and test, and none for dev, which then comes from train."""
    if reader.ties is None:
        return False
    found = {split: _has(reader, data_dir, split) for split in (TRAIN, DEV, TEST)}
    return found[TRAIN] and found[TEST] and not found[DEV]


def reader_of_split(reader: Reader, data_dir: Path, split: str, files: Sequence[Path]) -> Reader:
    """The reader for the records of a split.

    Args:
        reader: of the schema.
        data_dir: folder of the raw files.
        split: name of the split.
        files: of the split; those of train, if there are none for dev.

    Raises:
        UserError: a file cannot be read, or train cannot be divided.
    """
    if reader.ties is None:
        return reader
    if split in (TRAIN, DEV) and lacks_dev(reader, data_dir):
        held_out = _held_out(reader, data_dir, files)
        reader = replace(reader, records=partial(_part, reader, held_out, split == DEV))
    if _ids_repeat(reader, files, split):
        reader = replace(reader, parse=partial(_parse, reader), record_id=partial(_record_id, reader))
    return reader


def _has(reader: Reader, data_dir: Path, split: str) -> bool:
    try:
        return bool(reader.files(data_dir, split))
    except UserError:
        return False


def _ties(reader: Reader, record: Any) -> List[Tie]:
    assert reader.ties is not None
    return [(kind, value) for kind, value in reader.ties(record).items() if value]


def _part(
    reader: Reader, held_out: AbstractSet[Tie], inside: bool, files: Sequence[Path], split: str
) -> Iterator[Any]:
    del split
    for record in reader.records(files, TRAIN):
        if held_out.isdisjoint(_ties(reader, record)) != inside:
            yield record


_KNOWN: Dict[Any, FrozenSet[Tie]] = {}  # of this process, since train and dev both ask


def _held_out(reader: Reader, data_dir: Path, files: Sequence[Path]) -> FrozenSet[Tie]:
    """The ties of the records that become dev."""
    stats = [(path, path.stat()) for path in files]
    key = (reader.name, *((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats))
    if key not in _KNOWN:
        groups = _Groups(_ties(reader, record) for record in reader.records(files, TRAIN))
        chosen = groups.choose()
        by = "chat and document"
        if not chosen:  # all chats are about one document
            ties = ([tie for tie in _ties(reader, record) if tie[0] == CHAT]
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
        """Random groups of about ``DEV_SHARE`` of the records; none where every group is too large.

        The order of the file does not matter.
        """
        order = sorted(self._sizes, key=lambda root: _random(min(self._members[root])))
        chosen: List[Tie] = []
        size = 0
        for root in order:
            if size >= DEV_SHARE * self.total:
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
    return hashlib.sha256(f"{_SEED} {tie[0]} {tie[1]}".encode("utf-8", "surrogatepass")).hexdigest()


def _ids_repeat(reader: Reader, files: Sequence[Path], split: str) -> bool:
    """Whether ids start anew in every chat. A few that occur twice do not show that."""
    chats: Dict[str, str] = {}
    looked = repeated = 0
    for record in islice(reader.records(files, split), _LOOK):
        looked += 1
        chat, name = _chat(reader, record), reader.record_id(record)
        if chat and name:
            repeated += chats.setdefault(name, chat) != chat
    return repeated > _REPEATED * looked


def _chat(reader: Reader, record: Any) -> str:
    ties: Mapping[str, str] = reader.ties(record) if reader.ties else {}
    return ties.get(CHAT, "")


def _composed(reader: Reader, record: Any, name: str) -> str:
    chat = _chat(reader, record)
    return f"{chat}_{name}" if chat and name else name


def _parse(reader: Reader, record: Any, config: DataConfig) -> Tuple[Example, List[str]]:
    example, repairs = reader.parse(record, config)
    name = _composed(reader, record, example.example_id)
    return replace(example, example_id=name), [*repairs, COMPOSED]


def _record_id(reader: Reader, record: Any) -> str:
    return _composed(reader, record, reader.record_id(record))
