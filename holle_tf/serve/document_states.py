"""What a model keeps of documents: read once, and found again by the ids of their texts."""

from __future__ import annotations

from typing import Callable, Iterator, Mapping, NamedTuple, Sequence

import numpy as np

from holle_tf.serve.document_cache import DocumentCache


class ReadDocument(NamedTuple):
    """A document that a model has read.

    Attributes:
        starts, ends: int32 (words,), character offsets of its words.
        feeds: what an answer needs of it, by name, (1, width, ...) each; the width is that of the words, but
            at least 1.
    """

    starts: np.ndarray
    ends: np.ndarray
    feeds: dict[str, np.ndarray]

    @property
    def size(self) -> int:
        """Bytes of all arrays."""
        return sum(part.nbytes for part in (self.starts, self.ends, *self.feeds.values()))


class DocumentStates:
    """Documents that a model has read, by the ids of their texts (``document_cache.document_id``).

    Args:
        cache: where they are kept; models may share it.
        read: reads texts that are not kept, and returns what is kept of each.
    """

    def __init__(self, cache: DocumentCache, read: Callable[[Sequence[str]], Sequence[ReadDocument]]):
        self._cache, self._read = cache, read

    def knows(self, key: str) -> bool:
        """Whether the document of this id need not be read."""
        return (self, key) in self._cache

    def of(self, texts: Mapping[str, str]) -> dict[str, ReadDocument]:
        """The documents by their ids; those that are not kept are read together, and then kept.

        Args:
            texts: by id.
        """
        cached = ((key, self._cache.get((self, key))) for key in texts)
        found: dict[str, ReadDocument] = {key: document for key, document in cached if document is not None}
        new = [key for key in texts if key not in found]
        if new:
            for key, document in zip(new, self._read([texts[key] for key in new])):
                found[key] = document
                self._cache.put((self, key), document, document.size)
        return found


def stacked(documents: Sequence[ReadDocument]) -> dict[str, np.ndarray]:
    """The feeds of several documents, (documents, longest, ...) each, padded with 0.

    A document that stands alone is not copied.
    """
    if len(documents) == 1:
        return documents[0].feeds
    return {name: padded([document.feeds[name][0] for document in documents]) for name in documents[0].feeds}


def padded(rows: Sequence[np.ndarray], least: int = 0) -> np.ndarray:
    """(rows, longest or ``least``, ...), padded with 0, of arrays (length, ...) of one type."""
    width = max(least, *map(len, rows))
    batch = np.zeros((len(rows), width, *rows[0].shape[1:]), rows[0].dtype)
    for i, row in enumerate(rows):
        batch[i, : len(row)] = row
    return batch


def groups_of_words(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Places of ``lengths``, in groups of similar length.

    Args:
        lengths: in words.
        most: words of a group, padding included; something longer is alone.
    """
    group: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if group and lengths[place] * (len(group) + 1) > most:
            yield group
            group = []
        group.append(place)
    if group:
        yield group
