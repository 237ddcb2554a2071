"""A pool of examples without answers, prepared beside the data that they are added to.

A pool has the vocabularies, word vectors and limits of these data: words that they do not know are unknown.
Its records are in a random order, so that the first of them are a random part of the pool, and a larger part
contains every smaller one.
"""

from __future__ import annotations

import logging
import pickle
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple, Optional, Union

from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.files import atomic_folder, exclusive_access, file_sha256, json_sha256, remove_stale
from pipelines.json_records import ENDINGS
from pipelines.local_preparation import write_spools
from pipelines.manifest import SCHEMA_VERSION, PreparedData, write_manifest
from pipelines.records import iterate_examples
from pipelines.splits import ReadReport, describe_reports
from pipelines.unlabelled import iterate_unlabelled
from pipelines.unlabelled_record import Unlabelled
from pipelines.word_keys import KEY_VERSION

logger = logging.getLogger(__name__)

POOL = "pool"  # the only split of a prepared pool
_VERSION = 1  # raise it when the contents of a pool change
_ORDER_SEED = 0
# Splits with which a pool must not overlap, and what makes two examples the same.
_SAME_QUESTION = ("test", "dev")  # query and document
_SAME_EXAMPLE = "train"  # query, document and histories


class Pool(NamedTuple):
    """A prepared pool, or the first examples of it.

    Attributes:
        prepared: the whole pool, with the split ``POOL``.
        examples: how many of them are used, the first ones.
    """

    prepared: PreparedData
    examples: int


def prepare_pool(path: Union[str, Path], data: PreparedData) -> PreparedData:
    """Prepare a pool, or return what was prepared earlier from the same input.

    Left out are examples that are also in dev or test (the same query, and one document contains the other),
    and those that are also in train, with the same histories.

    Args:
        path: see ``files_of_pool``; in the schema of ``data``, whose ``limit`` counts for the pool too.
        data: the data that the pool is added to.

    Returns:
        The pool, in the folder ``pool-<setup>-<first 10 digits of the fingerprint>`` beside ``data``.

    Raises:
        UserError: missing, broken or unusable files; nothing is left; a damaged folder; a full disk.
    """
    folder = pool_folder(path, data)
    waiting = f"{folder}: another process prepares a pool; waiting"
    with exclusive_access(data.folder, lambda: logger.info(waiting)):
        found = find_pool(path, data)
        if found is not None:
            logger.info(f"{folder}: prepared before from the same input")
            return found
        for removed in remove_stale(folder.parent):
            logger.info(f"{removed}: removed, it was left by a run that was killed")
        logger.info(f"{folder}: preparing, of {path}")
        _prepare(path, data, folder)
    return PreparedData.load(folder, like=data)


def _prepare(path: Union[str, Path], data: PreparedData, folder: Path) -> None:
    files = files_of_pool(path)
    with atomic_folder(folder) as temporary:
        report = ReadReport(POOL)
        spool = _Spool(temporary / f"{POOL}.spool", _read(files, report, data))
        for line in report.lines():
            logger.info(line)
        left_out = spool.leave_out(_Known(data, spool.queries))
        for where, ids in left_out.items():
            shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
            logger.info(f"  left out {len(ids)}: also in {where} ({shown})")
        if not len(spool):
            raise UserError(f"{path}: every example is also in the data ({', '.join(left_out)}); add others")
        spool.shuffle()
        written = write_spools(temporary, {POOL: spool}, data.words, data.chars, data.config)
        spool.path.unlink()
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "fingerprint": pool_fingerprint(path, data),
            "word_keys": KEY_VERSION,
            "config": asdict(data.config),
            "data": data.fingerprint,
            **describe_reports({POOL: report}),
            "left_out": left_out,
            **written,
        }
        write_manifest(temporary, {**manifest, "counts": {POOL: len(spool)}}, files=())


def find_pool(path: Union[str, Path], data: PreparedData) -> Optional[PreparedData]:
    """What ``prepare_pool`` would find prepared; None if it would have to prepare it.

    Raises:
        UserError: files are missing, or the folder is damaged.
    """
    folder = pool_folder(path, data)
    if not folder.exists():
        return None
    pool = PreparedData.load(folder, like=data)
    return pool if pool.has_keys else None


def pool_folder(path: Union[str, Path], data: PreparedData) -> Path:
    """Where ``prepare_pool`` writes."""
    name = f"{POOL}-{data.config.setup}-{pool_fingerprint(path, data)[:10]}"
    return data.folder.parent / name


def pool_fingerprint(path: Union[str, Path], data: PreparedData) -> str:
    """64 hex digits that decide the contents of a prepared pool: of its files and of the data."""
    digests = [file_sha256(file) for file in files_of_pool(path)]
    return json_sha256({"version": _VERSION, "data": data.fingerprint, "files": digests})


def files_of_pool(path: Union[str, Path]) -> list[Path]:
    """A file, or the JSON files of a folder by name.

    Raises:
        UserError: there are none.
    """
    path = Path(path)
    if not path.is_dir():
        if not path.is_file():
            raise UserError(f"distill.pool={path}: no such file or folder; check the path")
        return [path]
    files = sorted(file for file in path.iterdir() if file.is_file() and file.name.endswith(ENDINGS))
    if not files:
        raise UserError(f"distill.pool={path}: no file in this folder ends in {', '.join(ENDINGS)}")
    return files


def _read(files: list[Path], report: ReadReport, data: PreparedData) -> Iterator[Unlabelled]:
    return iterate_unlabelled(files, report, data.config, data.manifest.get("limit"))


def _plain(text: str) -> str:
    """A text to compare with others, whatever its white space."""
    return " ".join(text.split())


class _Known:
    """The examples of data that ask one of ``queries``."""

    def __init__(self, data: PreparedData, queries: set[str]):
        self._by_query: dict[str, dict[str, list[tuple[str, str, str]]]] = {}
        texts: dict[str, str] = {}  # examples share documents
        for split in (*_SAME_QUESTION, _SAME_EXAMPLE):
            of_split = self._by_query[split] = {}
            for example in iterate_examples(data, split):
                query = _plain(example.query)
                if query in queries:
                    document = _plain(example.document)
                    document = texts.setdefault(document, document)
                    of_split.setdefault(query, []).append((document, *_histories(example)))

    def split_of(self, found: Unlabelled) -> Optional[str]:
        """The split that has this example too; None if none has."""
        query, whole = _plain(found.example.query), _plain(found.whole)
        histories = _histories(found.example)
        for split, of_split in self._by_query.items():
            for document, *others in of_split.get(query, ()):
                if split == _SAME_EXAMPLE and tuple(others) != histories:
                    continue
                if document in whole or whole in document:
                    return split
        return None


def _histories(example: Example) -> tuple[str, str]:
    return _plain(example.prober_history), _plain(example.responder_history)


class _Spool:
    """Examples on disk that are read in any order, so that a pool need not fit into memory.

    Attributes:
        path: the file.
        queries: all of them.
    """

    def __init__(self, path: Path, examples: Iterable[Unlabelled]):
        self.path = path
        self.queries: set[str] = set()
        self._places: list[tuple[int, int]] = []  # offset in the file, characters
        with open(path, "wb") as file:
            for found in examples:
                self._places.append((file.tell(), found.example.characters))
                pickle.dump(tuple(found), file, protocol=pickle.HIGHEST_PROTOCOL)
                self.queries.add(_plain(found.example.query))

    @property
    def characters(self) -> int:
        """Total of all texts that a model reads."""
        return sum(characters for _, characters in self._places)

    def leave_out(self, known: _Known) -> dict[str, list[str]]:
        """Remove what is known already; its ids by split."""
        left_out: dict[str, list[str]] = {}
        kept = []
        for place, found in zip(self._places, self._found()):
            split = known.split_of(found)
            if split is None:
                kept.append(place)
            else:
                left_out.setdefault(split, []).append(found.example_id)
        self._places = kept
        return left_out

    def shuffle(self) -> None:
        """Put the examples into a random order."""
        random.Random(_ORDER_SEED).shuffle(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Example]:
        return (found.example for found in self._found())

    def _found(self) -> Iterator[Unlabelled]:
        with open(self.path, "rb") as file:
            for offset, _ in self._places:
                file.seek(offset)
                yield Unlabelled(*pickle.load(file))
