"""Answers a query without a document: from the documents of a store that BM25 finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Sequence

import numpy as np
from starlette.exceptions import HTTPException

from holle_tf.serve.batching import Reading
from holle_tf.serve.documents import DocumentStore, StoredDocument

if TYPE_CHECKING:  # it needs pyarrow and bm25s
    from holle_tf.store.reader import Store


class Candidate(NamedTuple):
    """A document, and its score by BM25."""

    document: StoredDocument
    score: float


class Retrieval:
    """Chooses documents, and then among their answers.

    Args:
        store: an open store with an index for BM25.
        documents: keeps texts.
        most: number of documents that are read for a query.
        weight: see ``store.search.mixed_scores``.
    """

    def __init__(self, store: Store, documents: DocumentStore, most: int, weight: float):
        self._store, self._documents, self._most, self._weight = store, documents, most, weight

    def candidates(self, query: str) -> list[Candidate]:
        """The documents to read, best first.

        Raises:
            HTTPException: no document shares a word with the query; status 404.
        """
        found = self._store.best(query, self._most)
        if not found:
            raise HTTPException(404, "no document of the store has a word of the query; send a document")
        return [Candidate(self._documents.get(text.id), score) for text, score in found]

    def choose(self, candidates: Sequence[Candidate], readings: Sequence[Reading]) -> int:
        """Which document answers best."""
        from holle_tf.store.search import mixed_scores

        found = [reading.answer.best for reading in readings]
        likely = [best.score if best else 0.0 for best in found]
        return int(np.argmax(mixed_scores(likely, [found.score for found in candidates], self._weight)))
