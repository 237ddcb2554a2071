"""A file of a store: documents and what a model has read of them, in the format of Arrow's IPC files.

A file has a single record batch, uncompressed, with a row for each document. It is mapped into memory, so a
row costs only the pages that it lies on. Parquet and TFRecords would have to be decoded first.

Columns: ``id`` and ``text``, strings; ``line``, int64, of the input; ``text_crc32`` and ``read_crc32``,
uint32, checksums; ``starts`` and ``ends``, lists of int32, character offsets of the words; a list of int32
for each other input of ``answer.onnx`` that belongs to a document; and for each tensor of states a list of n
numbers a word: float16, or int8 with a list of float32 scales, one a word, in ``<name>_scale``.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Iterable, NamedTuple, Sequence

import numpy as np
import pyarrow as pa

from holle_tf.store.read_document import ReadDocument, dequantized, quantized
from pipelines.errors import UserError
from pipelines.files import atomic_path

SCALE = "_scale"  # ending of the name of a column
_PLAIN = ("line", "text_crc32", "read_crc32")
_SPANS = ("starts", "ends")


class Row(NamedTuple):
    """A document of a shard.

    Attributes:
        id: given by the input, or the digest of the text.
        text: of the document.
        line: of the input, from 1.
        read: what the model has read; of states, as they are written.
    """

    id: str
    text: str
    line: int
    read: ReadDocument


def write_shard(path: Path, rows: Sequence[Row], states: str) -> None:
    """Write a file, which appears when it is complete.

    Args:
        path: of the file.
        rows: at least one.
        states: float16 | int8.
    """
    parts = [_parts(row.read, states) for row in rows]
    columns: dict[str, pa.Array] = {
        "id": pa.array([row.id for row in rows], pa.large_string()),
        "text": pa.array([row.text for row in rows], pa.large_string()),
        "line": pa.array([row.line for row in rows], pa.int64()),
        "text_crc32": pa.array([_text_crc32(row.id, row.text) for row in rows], pa.uint32()),
        "read_crc32": pa.array([_crc32(part.values()) for part in parts], pa.uint32()),
    }
    for name in parts[0]:
        columns[name] = _lists([part[name].reshape(-1) for part in parts])
    batch = pa.record_batch(list(columns.values()), names=list(columns))
    try:
        with atomic_path(path) as scratch, pa.OSFile(str(scratch), "wb") as file:
            with pa.ipc.new_file(file, batch.schema) as writer:
                writer.write_batch(batch)
    except OSError as error:
        raise UserError(
            f"{path}: cannot write this file ({error}); free some space or write elsewhere"
        ) from error


class Shard:
    """An open file. Several threads may use it.

    Raises:
        UserError: the file is damaged.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            with pa.memory_map(str(path)) as file:
                batch = pa.ipc.open_file(file).get_batch(0)
                self.documents = int(batch.num_rows)
                columns = dict(zip(batch.schema.names, batch.columns))
                self._plain = {name: columns.pop(name).to_numpy() for name in _PLAIN}
                self._lists = {name: _flat(column) for name, column in columns.items()}
        except (OSError, KeyError, ValueError, IndexError, pa.ArrowException) as error:
            raise self._damaged(str(error)) from error

    def ids(self) -> list[str]:
        """The ids of all documents, in order."""
        return [self._text(row, "id") for row in range(self.documents)]

    def text(self, row: int) -> tuple[str, str]:
        """Id and text of a document.

        Raises:
            UserError: the row is damaged.
        """
        found = self._text(row, "id"), self._text(row, "text")
        if _text_crc32(*found) != self._plain["text_crc32"][row]:
            raise self._damaged(f"the text of document {row + 1} has another checksum")
        return found

    def read(self, row: int) -> ReadDocument:
        """What was read of a document; states are float16, or float32 from int8.

        Raises:
            UserError: the row is damaged.
        """
        parts = {name: self._part(row, name) for name in self._lists if name not in ("id", "text")}
        if _crc32(parts.values()) != self._plain["read_crc32"][row]:
            raise self._damaged(f"document {row + 1} has another checksum")
        starts, ends = (parts.pop(name) for name in _SPANS)
        feeds = {}
        for name, part in parts.items():
            if name.endswith(SCALE):
                continue
            if part.dtype != np.int32:
                part = part.reshape(len(starts), -1)
            if name + SCALE in parts:
                part = dequantized(part, parts[name + SCALE])
            feeds[name] = part
        return ReadDocument(starts, ends, feeds)

    def _text(self, row: int, name: str) -> str:
        return self._part(row, name).tobytes().decode("utf-8", "replace")

    def _part(self, row: int, name: str) -> np.ndarray:
        offsets, values = self._lists[name]
        begin, end = offsets[row : row + 2].tolist()
        if not 0 <= begin <= end <= len(values):
            raise self._damaged(f"document {row + 1} lies outside of '{name}'")
        return values[begin:end]

    def _damaged(self, reason: str) -> UserError:
        return UserError(
            f"{self.path}: damaged ({' '.join(reason.split())}); give the --mode=encode command of this store"
            " again to mend it"
        )


def _parts(read: ReadDocument, states: str) -> dict[str, np.ndarray]:
    """The columns of a document in their formats, by name."""
    parts = {"starts": read.starts.astype(np.int32), "ends": read.ends.astype(np.int32)}
    for name, values in read.feeds.items():
        if values.ndim == 1:
            parts[name] = values.astype(np.int32)
        elif states == "int8":
            parts[name], parts[name + SCALE] = quantized(values)
        else:
            parts[name] = values.astype(np.float16)
    return parts


def _lists(parts: Sequence[np.ndarray]) -> pa.Array:
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=offsets[1:])
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(parts)))


def _flat(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Offsets and values of a column of lists or strings, as views of the file."""
    buffers: list[Any] = column.buffers()
    offsets = np.frombuffer(buffers[1], np.int64)[: len(column) + 1]
    if pa.types.is_large_string(column.type):
        return offsets, np.frombuffer(buffers[2], np.uint8)
    return offsets, column.values.to_numpy(zero_copy_only=True)


def _text_crc32(key: str, text: str) -> int:
    return zlib.crc32(text.encode("utf-8"), zlib.crc32(key.encode("utf-8")))


def _crc32(parts: Iterable[np.ndarray]) -> int:
    found = 0
    for part in parts:
        found = zlib.crc32(np.ascontiguousarray(part).data.cast("B") if part.size else b"", found)
    return found
