"""What a model keeps of documents: read once, and found again by the ids of their texts."""

from __future__ import annotations

from typing import Callable, Iterator, Mapping, Optional, Sequence

import numpy as np

from holle_tf.serve.document_cache import DocumentCache
from holle_tf.serve.kept_document import KeptDocument
from holle_tf.store.read_document import ReadDocument


class DocumentStates:
    """Documents that a model has read, by the ids of their texts (``document_cache.document_id``).

    Args:
        cache: where they are kept; models may share it.
        states: float32 | float16 | int8, in which it keeps what was read.
        read: reads texts that are not kept.
        stored: finds a document by its id that was read earlier and is kept elsewhere; None = there is none.
    """

    def __init__(
        self,
        cache: DocumentCache,
        states: str,
        read: Callable[[Sequence[str]], Sequence[ReadDocument]],
        stored: Callable[[str], Optional[ReadDocument]] = lambda key: None,
    ):
        self._cache, self._states, self._read, self._stored = cache, states, read, stored

    def knows(self, key: str) -> bool:
        """Whether the document of this id need not be read."""
        return (self, key) in self._cache

    def of(self, texts: Mapping[str, str]) -> dict[str, KeptDocument]:
        """The documents by their ids; those that are not kept are read together, and then kept.

        Args:
            texts: by id.
        """
        cached = ((key, self._cache.get((self, key))) for key in texts)
        found: dict[str, KeptDocument] = {key: document for key, document in cached if document is not None}
        missing = [key for key in texts if key not in found]
        new = {key: read for key in missing if (read := self._stored(key)) is not None}
        unread = [key for key in missing if key not in new]
        if unread:
            new.update(zip(unread, self._read([texts[key] for key in unread])))
        for key, read in new.items():
            found[key] = document = KeptDocument(read, self._states)
            self._cache.put((self, key), document, document.size)
        return found


def stacked(documents: Sequence[KeptDocument], types: Mapping[str, np.dtype]) -> dict[str, np.ndarray]:
    """What an answer needs of several documents, (documents, longest, ...) each, padded with 0.

    A document that stands alone is not copied, if it is kept in the types that are wanted.

    Args:
        types: by name.
    """
    feeds = {name: [document.feed(name, kind) for document in documents] for name, kind in types.items()}
    return {name: padded(rows, least=1) for name, rows in feeds.items()}


def padded(rows: Sequence[np.ndarray], least: int = 0) -> np.ndarray:
    """(rows, longest or ``least``, ...), padded with 0, of arrays (length, ...) of one type.

    An array that stands alone and is long enough is not copied.
    """
    if len(rows) == 1 and len(rows[0]) >= least:
        return rows[0][np.newaxis]
    width = max(least, *map(len, rows))
    batch = np.zeros((len(rows), width, *rows[0].shape[1:]), rows[0].dtype)
    for i, row in enumerate(rows):
        batch[i, : len(row)] = row
    return batch


def padded_ids(rows: Sequence[Sequence[int]], least: int = 0) -> np.ndarray:
    """int32 (rows, longest or ``least``), padded with 0."""
    return padded([np.array(row, np.int32) for row in rows], least)


def answered_together(documents: Sequence[KeptDocument], most: int) -> Iterator[list[int]]:
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
    for row in sorted(single, key=lambda row: documents[row].words):  # so that little is padded
        if group and documents[row].words * (len(group) + 1) > most:
            yield group
            group = []
        group.append(row)
    if group:
        yield group
