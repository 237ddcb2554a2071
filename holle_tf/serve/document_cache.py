"""What is kept of documents, in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Hashable, Optional

from pipelines.digests import text_sha256

ENTRY_BYTES = 500  # of Python's objects, beside the size that is given


class DocumentCache:
    """Keeps what was used last. Several threads may use it.

    Args:
        most_bytes: of all values together; 0 keeps nothing.
    """

    def __init__(self, most_bytes: int):
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()  # what was used last is last
        self._bytes = 0

    @classmethod
    def of_megabytes(cls, megabytes: int) -> DocumentCache:
        """A cache of so many MB, 2**20 bytes each."""
        return cls(megabytes << 20)

    @property
    def size(self) -> int:
        """Bytes of all that is kept."""
        return self._bytes

    def __contains__(self, key: Hashable) -> bool:
        """Whether a value is kept; this does not count as using it."""
        return key in self._entries

    def get(self, key: Hashable) -> Optional[Any]:
        """The value; None if it is not kept."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        """Keep a value of so many bytes, and drop those that were not used for longest.

        A value that is larger than the cache is not kept.
        """
        size += ENTRY_BYTES
        if size > self.most_bytes:
            return
        with self._lock:
            self._bytes += size - self._entries.pop(key, (None, 0))[1]
            self._entries[key] = (value, size)
            while self._bytes > self.most_bytes:
                self._bytes -= self._entries.popitem(last=False)[1][1]


def document_id(text: str) -> str:
    """The id of a document: the SHA-256 of its text in UTF-8, 64 hexadecimal digits."""
    return text_sha256(text)
