"""Which keys a JSON file has, from its beginning alone: large files take no longer than small ones."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import FrozenSet, List

from pipelines.errors import UserError
from pipelines.raw_files import DAMAGED, ENCODING_BYTES, damaged, encoding_of, opened_bytes, peeked

BEGINNING = 1 << 18  # characters that are looked at; the first document with its questions is in them
_DEEPEST = 16  # names of a path; no schema needs more, and paths within paths would fill the memory
# A string may end with the text: it is then not looked for again from each of its quotes.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"(?P<key>\s*:)?|\\?\Z)|[{}\[\]]', re.DOTALL)


def key_paths(path: Path) -> FrozenSet[str]:
    """The keys at the beginning of a file, each after those around it, as in ``data.paragraphs.qas``.

    Lists are ignored: a list of objects, JSON lines and a single object have the same keys.

    Raises:
        UserError: the file cannot be read.
    """
    return _paths(_beginning(path))


def _beginning(path: Path) -> str:
    try:
        with opened_bytes(path) as file:
            encoding = encoding_of(peeked(file, ENCODING_BYTES))
            with io.TextIOWrapper(file, encoding=encoding, errors="replace") as text:
                return text.read(BEGINNING)
    except DAMAGED as error:
        raise damaged(path, error) from error
    except OSError as error:
        raise UserError(f"{path}: cannot read this file ({error.strerror}); check the path") from error


def _paths(text: str) -> FrozenSet[str]:
    found = set()
    around: List[str] = []  # path of the key of each object or list that is open
    last = ""  # path of the last key
    for match in _TOKEN.finditer(text):
        token = match.group()
        if match["key"]:
            name = _name(token[: -len(match["key"])])
            outer = around[-1] if around else ""
            last = outer if outer.count(".") >= _DEEPEST else f"{outer}.{name}".lstrip(".")
            found.add(last)
        elif token in "{[":
            around.append(last if not around or _opens_value(text, match.start()) else around[-1])
        elif token in "}]" and around:
            around.pop()
            last = around[-1] if around else ""
    return frozenset(found)


def _opens_value(text: str, at: int) -> bool:
    """Whether what opens at a place is the value of a key, not an item of a list."""
    while at and text[at - 1].isspace():
        at -= 1
    return at > 0 and text[at - 1] == ":"


def _name(literal: str) -> str:
    try:
        return str(json.loads(literal))
    except ValueError:
        return literal[1:-1]
