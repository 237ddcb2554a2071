"""Examples on disk that can be read again in order, so that a corpus need not fit into memory."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields
from pathlib import Path

from pipelines.example import Example

_FIELDS = [field.name for field in fields(Example)]
_DOCUMENT = _FIELDS.index("document")


class ExampleSpool:
    """Examples in a file, which can be read any number of times.

    Consecutive examples of a chat share their document, which is written once for them.

    Args:
        path: the file to write.
        examples: all of them.

    Attributes:
        characters: total of all texts that a model reads.
    """

    def __init__(self, path: Path, examples: Iterable[Example]):
        self.path = path
        self.characters = 0
        self._count = 0
        document = ""
        with open(path, "wb") as file:
            for example in examples:
                values = list(astuple(example))
                if example.document == document:
                    values[_DOCUMENT] = None
                document = example.document
                pickle.dump(values, file, protocol=pickle.HIGHEST_PROTOCOL)
                self.characters += example.characters
                self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Example]:
        document = ""
        with open(self.path, "rb") as file:
            for _ in range(self._count):
                values = pickle.load(file)
                document = values[_DOCUMENT] = document if values[_DOCUMENT] is None else values[_DOCUMENT]
                yield Example(*values)

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink()
