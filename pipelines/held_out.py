"""A dev split taken from train, for data sets that are published with fewer than three splits."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterator, List, Sequence

from pipelines.errors import UserError
from pipelines.readers.reader import Reader
from pipelines.split_files import MissingSplit

SHARE = 0.1  # of the documents of train that make dev
_SEED = "dev"
VERSION = 1  # of the choice, for fingerprints; raise it when another part is taken
FROM_TRAIN = "no file for dev: a tenth of the documents of train, chosen by a fixed seed"
DEV_AS_TEST = "no file for test: the file for dev is test"


def with_three_splits(reader: Reader, data_dir: Path) -> Reader:
    """The reader itself or, if the folder has no dev or no test, one that makes do with the others.

    Without dev, a tenth of the documents of train is dev. Without test, the published dev is test, and dev is
    taken from train. ``notes`` of the reader say so. A reader without ``document_of`` is returned as it is.
    """
    if reader.document_of is None:
        return reader
    there = {split: _has(reader, data_dir, split) for split in ("train", "dev", "test")}
    if all(there.values()) or not there["train"] or not (there["dev"] or there["test"]):
        return reader  # it has all that is needed, or raises an error that says what is missing
    notes = {"dev": FROM_TRAIN}
    if not there["test"]:
        notes = {"dev": FROM_TRAIN.partition(": ")[2], "test": DEV_AS_TEST}
    return replace(
        reader,
        files=partial(_files, reader, there["test"]),
        records=partial(_records, reader),
        notes=notes,
    )


def _has(reader: Reader, data_dir: Path, split: str) -> bool:
    try:
        return bool(reader.files(data_dir, split))
    except MissingSplit:
        return False


def _files(reader: Reader, has_test: bool, data_dir: Path, split: str) -> Sequence[Path]:
    if split == "test" and not has_test:
        return reader.files(data_dir, "dev")
    return reader.files(data_dir, "train" if split == "dev" else split)


def _records(reader: Reader, files: Sequence[Path], split: str) -> Iterator[Any]:
    if split not in ("train", "dev"):
        yield from reader.records(files, split)
        return
    chosen = held_out_documents(reader, files)
    for record in reader.records(files, split):
        if (_document(reader, record) in chosen) == (split == "dev"):
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
