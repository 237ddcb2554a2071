"""The lines of a collection of documents: ``{"id": ..., "document": ...}``, one a line."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator, NamedTuple

from pipelines.digests import text_sha256
from pipelines.errors import UserError
from pipelines.example import Unusable
from pipelines.json_values import as_text, required_text
from pipelines.raw_files import DAMAGED, damaged, opened_bytes


class Line(NamedTuple):
    """A document of the input.

    Attributes:
        number: of the line, from 1.
        id: given, or the digest of the text.
        text: of the document.
    """

    number: int
    id: str
    text: str


@contextmanager
def opened_input(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed if it begins as a gzip file does.

    Raises:
        UserError: the file cannot be read, or is cut off.
    """
    try:
        with opened_bytes(path) as file:
            yield file
    except DAMAGED as error:
        raise damaged(path, error) from error
    except OSError as error:
        if error.filename is None or str(error.filename) != str(path):
            raise
        raise UserError(f"{path}: cannot read this file ({error.strerror}); check --input") from error


def parse_line(content: bytes, number: int) -> Line:
    """The document of a line.

    Args:
        content: of the line.
        number: of the line, from 1.

    Raises:
        Unusable: it has no document, or it is not such an object.
    """
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"not JSON ({error})") from error
    if not isinstance(record, dict):
        raise Unusable('not an object such as {"id": "...", "document": "..."}')
    text = required_text(record, "document")
    key = as_text(record.get("id"))
    if not key and record.get("id") not in (None, ""):
        raise Unusable("'id' is not a text")
    return Line(number, key or text_sha256(text), text)
