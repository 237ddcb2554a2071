"""What a model keeps of documents: read once, and found again by the ids of their texts."""

from __future__ import annotations

from typing import Callable, Iterator, Mapping, NamedTuple, Optional, Sequence

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
        stored: finds a document by its id that was read earlier and is kept elsewhere; None = there is none.
    """

    def __init__(
        self,
        cache: DocumentCache,
        read: Callable[[Sequence[str]], Sequence[ReadDocument]],
        stored: Callable[[str], Optional[ReadDocument]] = lambda key: None,
    ):
        self._cache, self._read, self._stored = cache, read, stored

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
        missing = [key for key in texts if key not in found]
        new = {key: document for key in missing if (document := self._stored(key)) is not None}
        unread = [key for key in missing if key not in new]
        if unread:
            new.update(zip(unread, self._read([texts[key] for key in unread])))
        for key, document in new.items():
            self._cache.put((self, key), document, document.size)
        return {**found, **new}


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


def answered_together(documents: Sequence[ReadDocument], most: int) -> Iterator[list[int]]:
    """Rows of chats that are answered in one call: those about one document, and those about several.

    Args:
        documents: of each chat.
        most: words of several documents together, padding included.
    """
    of_document: dict[int, list[int]] = {}
    for row, document in enumerate(documents):
        of_document.setdefault(id(document), []).append(row)
    yield from (rows for rows in of_document.values() if len(rows) > 1)
    group: list[int] = []
    single = [rows[0] for rows in of_document.values() if len(rows) == 1]
    for row in sorted(single, key=lambda row: len(documents[row].starts)):  # so that little is padded
        if group and len(documents[row].starts) * (len(group) + 1) > most:
            yield group
            group = []
        group.append(row)
    if group:
        yield group
