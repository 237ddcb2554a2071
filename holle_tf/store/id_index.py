"""Finds the document of an id: the sorted hashes of all ids, mapped into memory."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable, Iterator, Sequence

import numpy as np

from pipelines.files import atomic_file

HASHES, PLACES = "ids.hashes.npy", "ids.places.npy"


def id_hash(key: str) -> int:
    """64 bits of an id."""
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "little")


def write_ids(folder: Path, keys: Iterable[tuple[str, int]]) -> list[str]:
    """Write the index of a store.

    Args:
        folder: of the store.
        keys: ids, and the document's number in the store, from 0.

    Returns:
        Names of the files.
    """
    pairs = np.fromiter(((id_hash(key), place) for key, place in keys), [("hash", "<u8"), ("place", "<u4")])
    order = np.argsort(pairs["hash"], kind="stable")
    for name, column in ((HASHES, "hash"), (PLACES, "place")):
        with atomic_file(folder / name) as file:
            np.save(file, np.ascontiguousarray(pairs[column][order]))
    return [HASHES, PLACES]


class IdIndex:
    """The index of a store, which is not loaded as a whole."""

    def __init__(self, folder: Path):
        self._hashes, self._places = (np.load(folder / name, mmap_mode="r") for name in (HASHES, PLACES))

    def places(self, key: str) -> Iterator[int]:
        """Numbers of the documents that may have an id."""
        wanted = np.uint64(id_hash(key))
        first = int(np.searchsorted(self._hashes, wanted))
        while first < len(self._hashes) and self._hashes[first] == wanted:
            yield int(self._places[first])
            first += 1


def ends_of(counts: Sequence[int]) -> np.ndarray:
    """The number after each shard's last document, int64."""
    return np.cumsum(np.array(counts, np.int64))
