"""Many chats from a file, a folder or standard input, one at a time; a broken line is not the end."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO, Iterator, NamedTuple, Optional, Union

from pipelines.errors import UserError
from pipelines.json_records import ENDINGS, iterate_records
from pipelines.raw_files import DAMAGED, lines_of, opened_bytes

STANDARD_INPUT = "-"
_LINES = (".jsonl", ".jsonl.gz")


class ChatLine(NamedTuple):
    """A chat, or what is wrong with it.

    Attributes:
        where: for people: file and line.
        chat: any JSON value; None if the line is broken.
        error: what is wrong with the line; empty if nothing is.
    """

    where: str
    chat: Any
    error: str = ""


def files_of_input(path: str) -> list[Path]:
    """The files of ``--input``: itself, or the JSON files of a folder by name; none of standard input.

    Raises:
        UserError: there are none.
    """
    if path == STANDARD_INPUT:
        return []
    if not Path(path).is_dir():
        if not Path(path).is_file():
            raise UserError(f"--input={path}: no such file or folder; check the path.")
        return [Path(path)]
    files = sorted(file for file in Path(path).iterdir() if file.is_file() and file.name.endswith(ENDINGS))
    if not files:
        raise UserError(f"--input={path}: no file in this folder ends in {', '.join(ENDINGS)}.")
    return files


def read_chats(path: str) -> Iterator[ChatLine]:
    """The chats of ``--input`` in order: JSON lines, or the items of JSON files.

    Raises:
        UserError: a file cannot be read, or one that is not of JSON lines is broken.
    """
    if path == STANDARD_INPUT:
        yield from _lines("", sys.stdin.buffer, "standard input")
        return
    files = files_of_input(path)
    for file in files:
        name = f"{file.name}, " if len(files) > 1 else ""
        if not file.name.endswith(_LINES):
            for number, chat in enumerate(iterate_records(file), 1):
                yield ChatLine(f"{name}chat {number}", chat)
            continue
        try:
            with opened_bytes(file) as lines:
                yield from _lines(name, lines, file)
        except (OSError, *DAMAGED) as error:
            raise UserError(f"{file}: cannot be read to its end ({error}); copy it again.") from error


def count_chats(path: str) -> Optional[int]:
    """How many chats ``read_chats`` gives, for a progress bar; None if that takes as long as reading them."""
    files = files_of_input(path)
    if not files or not all(file.name.endswith(_LINES) for file in files):
        return None
    total = 0
    for file in files:
        try:
            with opened_bytes(file) as lines:
                total += sum(1 for line in lines_of(lines, file) if line.strip())
        except (OSError, UserError, *DAMAGED):
            return None  # reading it will say what is wrong
    return total


def _lines(name: str, lines: BinaryIO, path: Union[str, Path]) -> Iterator[ChatLine]:
    for number, line in enumerate(lines_of(lines, path), 1):
        if not line.strip():
            continue
        where = f"{name}line {number}"
        try:
            yield ChatLine(where, json.loads(line.decode("utf-8")))
        except (ValueError, RecursionError) as error:
            yield ChatLine(where, None, f"not valid JSON in UTF-8 ({error}); correct it.")
