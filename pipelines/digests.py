"""SHA-256 of texts, and of a finished folder's files, recorded when it is written and checked when loaded."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Iterable

from pipelines.errors import UserError
from pipelines.files import file_sha256


def text_sha256(text: str) -> str:
    """SHA-256 of a text in UTF-8, 64 hex digits: the id of a document that has no other."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digests_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256, 64 hex digits, of each file by its path below ``folder``.

    Raises:
        UserError: a file is missing or unreadable.
    """
    return {name: file_sha256(folder / name) for name in sorted(names)}


def check_digests(folder: Path, recorded: Any, remedy: str) -> None:
    """Check files against what ``digests_of`` said of them.

    Args:
        folder: where the files are.
        recorded: their digests; None, from before there were any, is not checked.
        remedy: what the error tells the user to do.

    Raises:
        UserError: a file is missing or has changed, or ``recorded`` is not what ``digests_of`` returns.
    """
    if recorded is None:
        return
    if not isinstance(recorded, dict) or not all(isinstance(digest, str) for digest in recorded.values()):
        raise UserError(f"{folder}: the recorded SHA-256 of its files cannot be read; {remedy}.")
    for name, digest in recorded.items():
        if not (folder / name).is_file():
            raise UserError(f"{folder / name}: missing; {remedy}.")
        if file_sha256(folder / name) != digest:
            raise UserError(
                f"{folder / name}: has changed since it was written, its SHA-256 is not the one recorded;"
                f" {remedy}."
            )
