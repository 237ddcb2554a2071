"""Files as people bring them: compressed or not, and in UTF-8 or UTF-16, whatever their names say."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Iterator, Union, cast

from pipelines.errors import UserError

GZIP = b"\x1f\x8b"  # how files of these formats begin
ZIP = b"PK\x03\x04"
_UNPACK, _EXPORT = "unpack it and give the file that it holds", "write its records to a file of JSON lines"
# How other files begin that are given instead, in lower case; what they are, and what to do.
_OTHERS = {
    ZIP.lower(): ("a zip", _UNPACK),
    GZIP: ("gzip within gzip", _UNPACK),
    b"bzh91ay&sy": ("a bzip2 file", _UNPACK),
    b"\xfd7zxz\0": ("an xz file", _UNPACK),
    b"\x28\xb5\x2f\xfd": ("a Zstandard file", _UNPACK),
    b"7z\xbc\xaf": ("a 7z archive", _UNPACK),
    b"par1": ("a Parquet file", _EXPORT),
    b"sqlite format 3\0": ("an SQLite database", _EXPORT),
    b"version https://git-lfs": ("a pointer of Git LFS, not the file", "fetch the file by git lfs pull"),
    b"<!doctype html": ("a web page, not the file", "download the file itself"),
    b"<html": ("a web page, not the file", "download the file itself"),
}
MOST_CHARACTERS = 1 << 27  # of a value of a file that is read in parts; a file of SQuAD is a single one
MOST_OF_A_FILE = 1 << 25  # characters of one that is read whole
MOST_OF_A_LINE = 1 << 26  # bytes
ENCODING_BYTES = 8  # two characters of UTF-32
# What cannot be decompressed to its end raises one of these.
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)

PathLike = Union[str, Path]


@contextmanager
def opened_bytes(path: PathLike) -> Iterator[BinaryIO]:
    """The bytes of a file, decompressed if it begins as a gzip file does.

    Raises:
        OSError: it cannot be opened.
    """
    with open(path, "rb") as file:
        if file.peek(len(GZIP))[: len(GZIP)] == GZIP:
            with gzip.GzipFile(fileobj=file) as unpacked:
                # The buffer makes reading lines quicker, and can look ahead.
                yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, unpacked), 1 << 16))
        else:
            yield cast(BinaryIO, file)


def is_packed(path: PathLike) -> bool:
    """Whether a file begins as a gzip file does.

    Raises:
        OSError: it cannot be opened.
    """
    with open(path, "rb") as file:
        return file.read(len(GZIP)) == GZIP


@contextmanager
def opened_text(path: PathLike) -> Iterator[IO[str]]:
    """The text of a file, see ``opened_bytes`` and ``encoding_of``.

    Raises:
        UserError: it is a zip, or another file that holds no text.
        OSError: it cannot be opened.
    """
    with opened_bytes(path) as file:
        begin = peeked(file, 32)
        for known, (kind, remedy) in _OTHERS.items():
            if begin.lstrip().lower().startswith(known):
                raise UserError(f"{path}: this is {kind}; {remedy}")
        with io.TextIOWrapper(file, encoding=encoding_of(begin)) as text:
            yield text


def read_text(path: PathLike) -> str:
    """The whole text of a file, see ``opened_text``.

    Raises:
        UserError: it is damaged, a zip, not in UTF-8 or UTF-16, or longer than ``MOST_OF_A_FILE``.
        OSError: it cannot be read.
    """
    try:
        with opened_text(path) as file:
            text = file.read(MOST_OF_A_FILE + 1)
    except DAMAGED as error:
        raise damaged(path, error) from error
    except UnicodeError as error:
        raise not_unicode(path, error) from error
    if len(text) > MOST_OF_A_FILE:
        raise UserError(f"{path}: more than {MOST_OF_A_FILE:,} characters; give a smaller file")
    return text


def lines_of(file: BinaryIO, path: PathLike) -> Iterator[bytes]:
    """The lines of an open file in UTF-8, without a byte order mark; those of UTF-16 are converted.

    Raises:
        UserError: a line is longer than ``MOST_OF_A_LINE``, or the file is not in the encoding in which it
            begins. A line of UTF-8 is not checked.
    """
    if not hasattr(file, "peek"):
        file = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, file)))
    encoding = encoding_of(peeked(file, ENCODING_BYTES))
    if encoding.startswith("utf-8"):
        lines: Iterator[bytes] = iter(lambda: file.readline(MOST_OF_A_LINE + 1), b"")
    else:
        text = io.TextIOWrapper(file, encoding=encoding, newline="\n")
        lines = (line.encode("utf-8") for line in iter(lambda: text.readline(MOST_OF_A_LINE + 1), ""))
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            if len(line) > MOST_OF_A_LINE:
                raise UserError(
                    f"{path}, line {number}: longer than {MOST_OF_A_LINE:,} bytes; give every record a line"
                )
            yield line[3:] if number == 1 and encoding == "utf-8-sig" else line
    except UnicodeError as error:
        raise not_unicode(path, error) from error


def decoded(content: bytes) -> str:
    """The text of the content of a file.

    Raises:
        UnicodeError: it is not in the encoding in which it begins.
    """
    return content.decode(encoding_of(content))


def encoding_of(begin: bytes) -> str:
    """The encoding of a text by its first ``ENCODING_BYTES``: its byte order mark, or the zeros of UTF-16 and
    UTF-32.

    That JSON and YAML begin with two characters below U+0100 makes the second possible. Without either, it is
    UTF-8: other zeros are damage, and must not change how the rest is read.
    """
    found = json.detect_encoding(begin[:4])
    if found.endswith(("-be", "-le")):
        first = begin[:ENCODING_BYTES].decode(found, "replace")[:2]
        if not all("\0" < character < "\u0100" for character in first):
            return "utf-8"
    return found


def damaged(path: PathLike, error: Exception) -> UserError:
    """The error for a file that cannot be decompressed."""
    return UserError(f"{path}: the compressed file is cut off or damaged ({error}); copy it again")


def not_unicode(path: PathLike, error: UnicodeError) -> UserError:
    """The error for a file in another encoding."""
    reason = error.reason if isinstance(error, UnicodeDecodeError) else str(error)
    return UserError(f"{path}: not UTF-8 text ({reason}); convert it to UTF-8")


def peeked(file: BinaryIO, size: int) -> bytes:
    """The next bytes of a file of ``opened_bytes``, which stay unread; fewer at its end."""
    return cast(io.BufferedReader, file).peek(size)[:size]
