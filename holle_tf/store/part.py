"""A part of the input, whose documents share a file: reads them and writes the file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterator, NamedTuple, Protocol, Sequence

from holle_tf.store.input_lines import Line, parse_line
from holle_tf.store.manifest import FileEntry, ShardEntry
from holle_tf.store.read_document import ReadDocument
from holle_tf.store.shard import Row, write_shard

BATCH_DOCUMENTS, BATCH_CHARACTERS = 32, 200_000  # padding included; about 40,000 words


class Encoder(Protocol):
    """A model that reads documents."""

    @property
    def fingerprint(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> list[ReadDocument]:
        """What is kept of documents, which are read as a batch."""


class Part(NamedTuple):
    """Where a part is.

    Attributes:
        number: of the part and its file, from 0.
        offset, size: in bytes of the input.
        first_line: number of its first line, from 1.
        skipped: numbers of the lines that have no document.
        broken: how many of these are not blank.
    """

    number: int
    offset: int
    size: int
    first_line: int
    skipped: frozenset[int]
    broken: int


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a part, without their ends."""
    return content.removesuffix(b"\n").split(b"\n")


def write_part(folder: Path, part: Part, content: bytes, encoder: Encoder, states: str) -> ShardEntry:
    """Read the documents of a part and write its file; there is no file if it has none.

    Args:
        folder: of the store.
        part: which lines have documents.
        content: its bytes.
        encoder: reads the documents.
        states: float16 | int8.
    """
    numbered = enumerate(lines_of(content), part.first_line)
    lines = [parse_line(line, number) for number, line in numbered if number not in part.skipped]
    rows, file = _encoded(lines, encoder), FileEntry("", 0, "")
    if rows:
        name = f"shard-{part.number:05d}.arrow"
        write_shard(folder / name, rows, states)
        file = FileEntry.of(folder, name)
    return ShardEntry(
        file.file,
        file.bytes,
        file.sha256,
        documents=len(rows),
        words=sum(len(row.read.starts) for row in rows),
        input_bytes=len(content),
        input_sha256=hashlib.sha256(content).hexdigest(),
        input_lines=len(lines_of(content)),
        broken=part.broken,
    )


def _encoded(lines: Sequence[Line], encoder: Encoder) -> list[Row]:
    """Rows in the order of the lines; documents of similar lengths are read together."""
    found: dict[int, Row] = {}
    for batch in _batches(sorted(lines, key=lambda line: len(line.text))):
        for line, read in zip(batch, encoder.encode([line.text for line in batch])):
            found[line.number] = Row(line.id, line.text, line.number, read)
    return [found[line.number] for line in lines]


def _batches(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Of lines in the order of their lengths."""
    batch: list[Line] = []
    for line in lines:
        full = len(batch) == BATCH_DOCUMENTS or (len(batch) + 1) * len(line.text) > BATCH_CHARACTERS
        if batch and full:
            yield batch
            batch = []
        batch.append(line)
    if batch:
        yield batch
