"""Examples on the disk, to be read again in order, so that a corpus need not fit into memory."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import astuple, fields
from pathlib import Path

from pipelines.holle import Example

_FIELDS = [field.name for field in fields(Example)]
_DOCUMENT = _FIELDS.index("document")


class ExampleSpool:
    """A file of examples that is appended to first, and then read as often as wanted.

    The examples of a chat follow each other and share their document, which is written once for them.

    Args:
        path: of the file, which is made.

    Attributes:
        characters: of all texts that a model reads.
    """

    def __init__(self, path: Path):
        self.path = path
        self.characters = 0
        self._count = 0
        self._document = ""
        self._file = open(path, "wb")

    def append(self, example: Example) -> None:
        """Add one example at the end."""
        values = list(astuple(example))
        if example.document == self._document:
            values[_DOCUMENT] = None
        self._document = example.document
        pickle.dump(values, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self.characters += example.characters
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Example]:
        self._file.flush()
        document = ""
        with open(self.path, "rb") as file:
            for _ in range(self._count):
                values = pickle.load(file)
                document = values[_DOCUMENT] = document if values[_DOCUMENT] is None else values[_DOCUMENT]
                yield Example(*values)

    def remove(self) -> None:
        """Close and delete the file."""
        self._file.close()
        self.path.unlink()
