"""A finished store: texts, and what a model has read of them, by id."""

from __future__ import annotations

import threading
from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, NamedTuple, Optional

import numpy as np

from holle_tf.store.id_index import IdIndex, ends_of
from holle_tf.store.manifest import Manifest, load_manifest
from holle_tf.store.read_document import ReadDocument
from holle_tf.store.shard import Shard
from pipelines.digests import text_sha256
from pipelines.errors import UserError

if TYPE_CHECKING:  # it needs bm25s
    from holle_tf.store.search import Search

_REMEDY = "give the --mode=encode command of this store again"
OPEN_SHARDS = 256  # each takes a file handle


class StoredText(NamedTuple):
    """A document: its id in the store, and its text."""

    id: str
    text: str


class Store:
    """A folder that ``--mode=encode`` wrote. Several threads may use it.

    Files are mapped into memory when a document of theirs is asked for.

    Raises:
        UserError: it is no store, it is not complete, or a file is missing or of another size.
    """

    def __init__(self, folder: Path):
        manifest = load_manifest(folder)
        if manifest is None:
            raise UserError(f"{folder}: no store of documents is here; write one by --mode=encode")
        if not manifest.complete:
            raise UserError(f"{folder}: this store is not complete; {_REMEDY} to finish it")
        for entry in (*manifest.shards, *manifest.ids, *manifest.search):
            if fault := entry.fault(folder, checksum=False):
                raise UserError(f"{folder / entry.file}: damaged ({fault}); {_REMEDY} to mend it")
        self.folder, self.manifest = folder, manifest
        self._index = IdIndex(folder)
        self._ends = ends_of([shard.documents for shard in manifest.shards])
        self._search = _search(folder, manifest)
        self._lock = threading.Lock()
        self._open: OrderedDict[int, Shard] = OrderedDict()  # what was used last is last

    @property
    def has_search(self) -> bool:
        """Whether it has an index for BM25."""
        return self._search is not None

    def best(self, query: str, most: int) -> list[tuple[StoredText, float]]:
        """The documents that BM25 finds and their scores, best first.

        Raises:
            UserError: a file is damaged, or there is no index for BM25.
        """
        if self._search is None:
            raise UserError(f"{self.folder}: has no index to search; {_REMEDY} with --set store.search=true")
        return [(self.at(place), score) for place, score in self._search.best(query, most)]

    def text(self, key: str) -> Optional[StoredText]:
        """The document of an id, or of the digest of its text; None if there is none.

        Raises:
            UserError: its file is damaged.
        """
        return next((text for _, text in self._found(key)), None)

    def read(self, key: str) -> Optional[ReadDocument]:
        """What was read of a document, by the digest of its text; None if it is not in the store.

        Raises:
            UserError: its file is damaged.
        """
        place = next((place for place, _ in self._found(key)), None)
        if place is None:
            return None
        shard, row = self._place(place)
        return shard.read(row)

    def at(self, place: int) -> StoredText:
        """The document of a number, from 0.

        Raises:
            UserError: its file is damaged.
        """
        shard, row = self._place(place)
        return StoredText(*shard.text(row))

    def _found(self, key: str) -> Iterator[tuple[int, StoredText]]:
        for place in self._index.places(key):
            found = self.at(place)
            if key == found.id or key == text_sha256(found.text):
                yield place, found

    def _place(self, place: int) -> tuple[Shard, int]:
        number = int(np.searchsorted(self._ends, place, side="right"))
        with self._lock:
            if number not in self._open:
                entry = self.manifest.shards[number]
                self._open[number] = Shard(self.folder / entry.file)
                if len(self._open) > OPEN_SHARDS:
                    self._open.popitem(last=False)
            self._open.move_to_end(number)
            shard = self._open[number]
        row = place - (int(self._ends[number]) - self.manifest.shards[number].documents)
        return shard, row


def _search(folder: Path, manifest: Manifest) -> Optional[Search]:
    """The index for BM25; none if the store has none, or bm25s is not installed."""
    if not manifest.search or find_spec("bm25s") is None:
        return None
    from holle_tf.store.search import Search

    return Search(folder, manifest.documents)
