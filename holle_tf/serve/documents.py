"""Texts of documents by their ids, so that a client need not send a document again."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from starlette.exceptions import HTTPException

from holle_tf.serve.document_cache import DocumentCache, document_id
from holle_tf.serve.limits import document_words
from pipelines.errors import UserError
from pipelines.json_values import as_text
from pipelines.tokenizer import token_texts

if TYPE_CHECKING:  # it needs pyarrow
    from holle_tf.store.reader import Store

logger = logging.getLogger(__name__)

_LONGEST_ID = 80  # characters that an error message repeats


@dataclass(frozen=True)
class StoredDocument:
    """A text, its id, and its number of words."""

    id: str
    text: str
    words: int


class DocumentStore:
    """Keeps texts in a cache that models share.

    Args:
        cache: where they are kept.
        most_words: of a document.
        store: documents on disk, which are found by their ids too.
    """

    def __init__(self, cache: DocumentCache, most_words: int, store: Optional[Store] = None):
        self._cache, self._most_words, self._store = cache, most_words, store

    @property
    def keeps(self) -> bool:
        """Whether texts of requests are kept."""
        return self._cache.most_bytes > 0

    def add(self, text: str, index: int = 0) -> StoredDocument:
        """Keep a text.

        Args:
            text: of the document.
            index: of the document in its request, for an error message.

        Raises:
            HTTPException: it has too many words; status 400.
        """
        text = as_text(text)
        key = document_id(text)
        found = self._find(key)
        if found is None:
            found = StoredDocument(key, text, document_words(text, index, self._most_words))
            self._cache.put(("text", key), found, sys.getsizeof(text))
        return found

    def keep(self, text: str) -> StoredDocument:
        """As ``add``, and make sure that the text is kept.

        Raises:
            HTTPException: it has too many words, status 400, or it does not fit into the cache, status 413.
        """
        document = self.add(text)
        if self._find(document.id) is None:
            size = self._cache.most_bytes >> 20
            raise HTTPException(
                413,
                f"the document does not fit into serve.document_cache_mb={size}; send its text every time",
            )
        return document

    def get(self, key: str) -> StoredDocument:
        """The document of an id.

        Raises:
            HTTPException: none is kept, status 404, or its file in the store is damaged, status 500.
        """
        found = self._find(key) or self._stored(key)
        if found is None:
            reason = f"no document '{key[:_LONGEST_ID]}' is kept (any more); send its text"
            if self.keeps:
                reason += ", or store it again by POST /v1/documents"
            raise HTTPException(404, reason)
        return found

    def _stored(self, key: str) -> Optional[StoredDocument]:
        """A document of the store."""
        try:
            text = None if self._store is None else self._store.text(key)
        except UserError as error:
            logger.error(error)
            raise HTTPException(500, "a file of the store of documents is damaged; see the log") from error
        if text is None:
            return None
        found = StoredDocument(document_id(text.text), text.text, len(token_texts(text.text)))
        self._cache.put(("text", key), found, sys.getsizeof(text.text))
        return found

    def _find(self, key: str) -> Optional[StoredDocument]:
        found: Optional[StoredDocument] = self._cache.get(("text", key))
        return found
