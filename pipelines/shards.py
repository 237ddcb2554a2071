"""The TFRecord files of a split: written in pieces by many processes, and joined."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from pipelines.encoding import EncodedExample
from pipelines.errors import UserError
from pipelines.files import DISK_FULL
from pipelines.manifest import describe
from pipelines.records import to_proto

# Level 1 is seven times faster than the default and the files are an eighth larger.
_COMPRESSION = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=1)


class Piece(NamedTuple):
    """Some compressed records of one shard, in a file that ``write_records`` appends to the shard."""

    shard: int
    path: Path
    records: int


def write_pieces(
    folder: Path, split: str, encoded: Sequence[EncodedExample], first: int, shards: int
) -> list[Piece]:
    """Serialise and compress consecutive examples; can be called in any process.

    Args:
      folder: existing folder, where the pieces go.
      split: name of the split.
      encoded: the examples.
      first: index of the first of them in its split.
      shards: number of the split's shards.

    Returns:
      One piece for every shard that receives any of the examples.

    Raises:
      UserError: the disk is full.
    """
    pieces = []
    for offset in range(min(shards, len(encoded))):
        shard = (first + offset) % shards
        some = encoded[offset::shards]
        path = Path(folder) / f".{split}-{first}-{shard}.piece"
        _write_file(path, map(to_proto, some))
        pieces.append(Piece(shard, path, len(some)))
    return pieces


def write_records(
    folder: Path, split: str, pieces: Iterable[Piece], shard_examples: int, count: int
) -> list[dict[str, Any]]:
    """Join the pieces of one split to GZIP-compressed shards, and remove them.

    A GZIP file may have several members, one after the other, so that nothing is compressed again.

    Args:
      folder: existing folder; files are named ``<split>-<shard>-of-<shards>.tfrecord.gz``.
      split: name of the split.
      pieces: of ``write_pieces`` with ``number_of_shards``, in record order.
      shard_examples: most records in one shard.
      count: number of examples.

    Returns:
      One dict a shard: ``file``, ``records``, ``bytes`` and ``sha256``.

    Raises:
      UserError: the disk is full.
      ValueError: ``pieces`` do not have ``count`` examples.
    """
    shards = number_of_shards(count, shard_examples)
    paths = [_shard_path(folder, split, i, shards) for i in range(shards)]
    records = [0] * shards
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(open(path, "wb")) for path in paths]
            for piece in pieces:
                files[piece.shard].write(piece.path.read_bytes())
                piece.path.unlink()
                records[piece.shard] += piece.records
            for file, number in zip(files, records):
                if not number:
                    file.write(gzip.compress(b"", mtime=0))
    except OSError as error:
        if error.errno in DISK_FULL:
            raise _no_space(folder) from error
        raise
    if sum(records) != count:
        raise ValueError(f"{split}: {sum(records)} examples came, {count} were promised")
    return [_description(path, n) for path, n in zip(paths, records)]


def write_shard(folder: Path, split: str, shard: int, shards: int, protos: Sequence[bytes]) -> dict[str, Any]:
    """Write one shard of a split, whose records are ``protos``; what ``write_records`` says of it.

    Raises:
      UserError: the disk is full.
    """
    path = _shard_path(folder, split, shard, shards)
    _write_file(path, protos)
    return _description(path, len(protos))


def number_of_shards(count: int, shard_examples: int) -> int:
    """Shards of a split of ``count`` examples."""
    return max(1, -(-count // shard_examples))


def _shard_path(folder: Path, split: str, shard: int, shards: int) -> Path:
    return Path(folder) / f"{split}-{shard:05d}-of-{shards:05d}.tfrecord.gz"


def _description(path: Path, records: int) -> dict[str, Any]:
    return {"file": path.name, "records": records, **describe(path)}


def _write_file(path: Path, protos: Iterable[bytes]) -> None:
    try:
        with tf.io.TFRecordWriter(str(path), _COMPRESSION) as writer:
            for proto in protos:
                writer.write(proto)
    except tf.errors.ResourceExhaustedError as error:
        raise _no_space(path.parent) from error


def _no_space(folder: Path) -> UserError:
    return UserError(f"{folder}: no space left for the records; free some and prepare again")
