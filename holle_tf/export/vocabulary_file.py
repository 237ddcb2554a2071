"""The words of an export as a file that any program reads, and what it takes to tokenise for them."""

from __future__ import annotations

from pathlib import Path

from holle_tf.export.student import Student

VOCABULARY = "vocab.txt"


def write_vocabulary(student: Student, folder: Path) -> Path:
    """Write ``vocab.txt``: UTF-8, a word a line, whose id is the number of the line from 0.

    No word holds white space, so none is torn apart.
    """
    path = folder / VOCABULARY
    path.write_bytes("".join(f"{word}\n" for word in student.words).encode("utf-8"))
    return path
