"""Read a JSON list, or JSON lines, one record at a time, so that a corpus need not fit into memory."""

from __future__ import annotations

import functools
import json
import logging
import re
from pathlib import Path
from typing import IO, Any, Iterator, Match, cast

from pipelines.errors import UserError
from pipelines.raw_files import DAMAGED, MOST_CHARACTERS, damaged, not_unicode, opened_text

logger = logging.getLogger(__name__)

ENDINGS = (".json", ".json.gz", ".jsonl", ".jsonl.gz")
_PIECE = 1 << 22  # characters read at a time
_SPACE = " \t\r\n"
_SPACES = re.compile(f"[{_SPACE}]*")
_AFTER_ITEM = tuple(_SPACE + ",]{")


def find_json_file(stem: Path, remedy: str) -> Path:
    """The first existing file of ``stem`` with one of ``ENDINGS``.

    Args:
        stem: path without an ending.
        remedy: what to do if there is none.

    Raises:
        UserError: there is none.
    """
    paths = [stem.with_name(stem.name + ending) for ending in ENDINGS]
    found = [path for path in paths if path.is_file()]
    if found:
        if len(found) > 1:
            _warn_of_others(*found)
        return found[0]
    raise UserError(f"{stem}.json: no such file, nor one ending in {', '.join(ENDINGS[1:])}; {remedy}")


@functools.cache
def _warn_of_others(taken: Path, *others: Path) -> None:
    names = ", ".join(path.name for path in others)
    logger.warning(f"{taken}: this file is read; {names} beside it is not")


def iterate_records(path: Path) -> Iterator[Any]:
    """Yield the items of the list, or the objects line after line, that a file holds, in order.

    Args:
        path: JSON in UTF-8 or UTF-16, plain or compressed. What it begins with, ``[`` or ``{``, says whether
            it is a list or JSON lines, whatever its name.

    Raises:
        UserError: the file is missing, unreadable, cut off, in another encoding, not JSON (naming line and
            column), or neither a list nor objects; or an item is longer than ``MOST_CHARACTERS``.
    """
    try:
        with opened_text(path) as file:
            yield from _Scanner(path, file).items()
    except DAMAGED as error:
        raise damaged(path, error) from error
    except UnicodeError as error:
        raise not_unicode(path, error) from error
    except OSError as error:
        raise UserError(f"{path}: cannot read this file ({error.strerror}); check the path") from error


class _Scanner:
    """A window on the text that grows until the next item is complete."""

    def __init__(self, path: Path, file: IO[str]):
        self._path = path
        self._file = file
        self._decoder = json.JSONDecoder()
        self._window = ""
        self._at = 0  # of the next character in the window
        self._line = 1  # of the window's first character
        self._column = 1
        self._ended = False

    def items(self) -> Iterator[Any]:
        first = self._peek()
        if first == "{":
            yield from self._lines()
        elif first == "[":
            yield from self._list()
        else:
            found = "nothing" if not first else f"{first!r}"
            raise self._error(f"expected a list of examples, found {found}")

    def _lines(self) -> Iterator[Any]:
        while True:
            yield self._item()
            mark = self._peek()
            if not mark:
                return
            if mark != "{":
                raise self._error(f"expected an object a line, found {mark!r}")

    def _list(self) -> Iterator[Any]:
        self._at += 1
        if self._peek() != "]":
            while True:
                yield self._item()
                mark = self._peek()
                if mark == "]":
                    break
                if mark != ",":
                    raise self._error(
                        f"expected ',' or ']', found {mark!r}" if mark else "the list is not closed"
                    )
                self._at += 1
        self._at += 1
        rest = self._peek()
        if rest:
            raise self._error(f"unexpected {rest!r} after the list")

    def _peek(self) -> str:
        """The next character that is not white space, "" at the end of the file."""
        while True:
            self._at = cast(Match[str], _SPACES.match(self._window, self._at)).end()
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._grow(_PIECE):
                return ""

    def _item(self) -> Any:
        self._peek()
        piece = _PIECE
        while True:
            try:
                item, end = self._decoder.raw_decode(self._window, self._at)
                # "1", "1." and "1.5e" at the window's edge may all be the beginning of 1.5e3.
                if self._ended or self._window[end : end + 1] in _AFTER_ITEM:
                    self._at = end
                    return item
            except json.JSONDecodeError as error:
                if self._ended:
                    raise self._error(error.msg, error.pos) from error
            except (ValueError, RecursionError) as error:
                raise self._error(str(error)) from error
            if len(self._window) - self._at > MOST_CHARACTERS:
                raise UserError(
                    f"{self._path}, line {self._position(self._at)[0]}: more than {MOST_CHARACTERS:,} "
                    "characters in a record; correct it, or divide the file"
                )
            # One more than the limit, to see that there is more.
            self._grow(min(piece, MOST_CHARACTERS + 1 - (len(self._window) - self._at)))
            piece *= 2  # a broken item would otherwise be parsed again for every piece

    def _grow(self, size: int) -> bool:
        """Drop what is read, append more; False at the end of the file."""
        if self._ended:
            return False
        self._line, self._column = self._position(self._at)
        more = self._file.read(size)
        self._ended = not more
        self._window = self._window[self._at :] + more
        self._at = 0
        return bool(more)

    def _position(self, at: int) -> tuple[int, int]:
        lines = self._window.count("\n", 0, at)
        if not lines:
            return self._line, self._column + at
        return self._line + lines, at - self._window.rfind("\n", 0, at)

    def _error(self, problem: str, at: int = -1) -> UserError:
        line, column = self._position(self._at if at < 0 else at)
        return UserError(
            f"{self._path}, line {line}, column {column}: not the JSON that was expected ({problem}); "
            "download the file again or correct it there"
        )
