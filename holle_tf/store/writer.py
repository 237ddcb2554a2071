"""Writes a store: a file for each part of the input, which a later command does not write again."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import IO, Iterator, Protocol, Sequence

from holle_tf.options.store import StoreConfig
from holle_tf.store.fingerprint import text_digest
from holle_tf.store.id_index import id_hash, write_ids
from holle_tf.store.input_lines import Line, opened_input, parse_line
from holle_tf.store.manifest import FileEntry, Manifest, ShardEntry, load_manifest
from holle_tf.store.shard import ReadDocument, Row, Shard, write_shard
from pipelines.errors import UserError
from pipelines.example import Unusable
from pipelines.files import exclusive_access, remove_stale

logger = logging.getLogger(__name__)

BATCH_DOCUMENTS, BATCH_CHARACTERS = 32, 200_000  # padding included; about 40,000 words
_NAMED = 20  # broken lines that are logged one by one


class Encoder(Protocol):
    """A model that reads documents."""

    @property
    def fingerprint(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> list[ReadDocument]:
        """What is kept of documents, which are read as a batch."""


def write_store(
    source: Path, folder: Path, encoder: Encoder, options: StoreConfig, strict: bool = False
) -> Manifest:
    """Read all documents of a file and write what is kept of them.

    What an earlier command wrote is checked and kept; files that are missing or damaged are written anew, and
    lines that were appended to the input since are added.

    Args:
        source: JSON lines, see ``input_lines``; compressed if the name ends in ``.gz``.
        folder: of the store.
        encoder: reads the documents.
        options: ``states``, ``shard_kb`` and ``search``.
        strict: end at the first line that has no document, in place of skipping it.

    Raises:
        UserError: a line is broken (``strict``); the folder is a store of another model, of other options or
            of another input, or something else; another process writes it; or the disk is full.
    """

    def busy() -> None:
        raise UserError(
            f"{folder}: another process is writing this store; wait until it ends, or choose another --output"
        )

    with opened_input(source) as file:
        _create(folder)
        with exclusive_access(folder, busy):
            return _Writing(source, folder, encoder, options, strict).run(file)


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder}: cannot create this folder ({error.strerror}); choose another --output"
        ) from error


class _Writing:
    def __init__(self, source: Path, folder: Path, encoder: Encoder, options: StoreConfig, strict: bool):
        self._source, self._folder, self._encoder, self._options = source, folder, encoder, options
        self._strict = strict
        self._seen: set[int] = set()  # hashes of ids
        self._line = 0  # lines that were read
        self._broken = 0

    def run(self, file: IO[bytes]) -> Manifest:
        before = manifest = self._existing()
        for path in remove_stale(self._folder):
            logger.info(f"removed {path}, which an interrupted command left")
        for number, entry in enumerate(manifest.shards):
            content = file.read(entry.input_bytes)
            if hashlib.sha256(content).hexdigest() != entry.input_sha256:
                first, last = self._line + 1, self._line + entry.input_lines
                raise UserError(
                    f"{self._source}: lines {first} to {last} are not those that {self._folder} was"
                    " written from; restore the file, or choose another --output"
                )
            if not entry.fault(self._folder, checksum=True):
                for shard in _opened(self._folder, entry):
                    self._seen.update(map(id_hash, shard.ids()))
                self._line += entry.input_lines
                self._broken += entry.broken
                continue
            logger.warning(f"{self._folder / entry.file}: missing or damaged; it is written anew")
            shards = [*manifest.shards]
            shards[number] = self._write(number, content)
            manifest = replace(manifest, shards=shards, ids=[], search=[])
        for content in _parts(file, self._options.shard_kb << 10):
            shards = [*manifest.shards, self._write(len(manifest.shards), content)]
            manifest = replace(manifest, complete=False, shards=shards, ids=[], search=[])
            manifest.save(self._folder)
            logger.info(f"{manifest.documents:,} documents, {manifest.words:,} words")
        if not manifest.documents:
            raise UserError(
                f'{self._source}: no document is here; a line is {{"id": "...", "document": "..."}}'
            )
        if self._broken:
            logger.warning(f"{self._source}: {self._broken:,} lines were skipped")
        manifest = replace(self._indexed(manifest), complete=True)
        if manifest == before:
            logger.info(f"{self._folder}: nothing was missing")
        else:
            manifest.save(self._folder)
        return manifest

    def _existing(self) -> Manifest:
        """The manifest of what is there, or a new one."""
        options, fingerprint = self._options, self._encoder.fingerprint
        manifest = load_manifest(self._folder)
        if manifest is None:
            if any(
                not path.name.startswith(".") for path in self._folder.iterdir() if path.suffix != ".arrow"
            ):
                raise UserError(f"{self._folder}: is not empty and holds no store; choose another --output")
            return Manifest(fingerprint, options.states, options.shard_kb)
        if manifest.fingerprint != fingerprint:
            raise UserError(
                f"{self._folder}: this store is of another model; choose another --output, or delete it"
            )
        for name in ("states", "shard_kb"):
            found, wanted = getattr(manifest, name), getattr(options, name)
            if found != wanted:
                raise UserError(
                    f"{self._folder}: this store has store.{name}={found}, not {wanted}; choose another"
                    " --output, or delete it"
                )
        return manifest

    def _write(self, number: int, content: bytes) -> ShardEntry:
        """Write the documents of a part of the input; there is no file if it has none."""
        broken = self._broken
        rows = self._encoded(list(self._lines(content)))
        file = FileEntry("", 0, "")
        if rows:
            name = f"shard-{number:05d}.arrow"
            write_shard(self._folder / name, rows, self._options.states)
            file = FileEntry.of(self._folder, name)
        return ShardEntry(
            file.file,
            file.bytes,
            file.sha256,
            documents=len(rows),
            words=sum(len(row.read.starts) for row in rows),
            input_bytes=len(content),
            input_sha256=hashlib.sha256(content).hexdigest(),
            input_lines=len(_split(content)),
            broken=self._broken - broken,
        )

    def _lines(self, content: bytes) -> Iterator[Line]:
        for line in _split(content):
            self._line += 1
            if not line.strip():
                continue
            try:
                found = parse_line(line, self._line)
                if id_hash(found.id) in self._seen:
                    raise Unusable(f"the id '{found.id[:80]}' is that of an earlier line")
            except Unusable as error:
                self._skip(str(error))
                continue
            self._seen.add(id_hash(found.id))
            yield found

    def _skip(self, reason: str) -> None:
        where = f"{self._source}, line {self._line}: {reason}"
        if self._strict:
            raise UserError(f"{where}; correct the line, or leave out --strict to skip it")
        self._broken += 1
        if self._broken <= _NAMED:
            logger.warning(f"{where}; skipped")

    def _encoded(self, lines: Sequence[Line]) -> list[Row]:
        """Rows in the order of the lines; documents of similar lengths are read together."""
        found: dict[int, Row] = {}
        for batch in _batches(sorted(lines, key=lambda line: len(line.text))):
            for line, read in zip(batch, self._encoder.encode([line.text for line in batch])):
                found[line.number] = Row(line.id, line.text, line.number, read)
        return [found[line.number] for line in lines]

    def _indexed(self, manifest: Manifest) -> Manifest:
        """With the indexes that are missing or damaged."""
        folder = self._folder
        if not manifest.ids or any(entry.fault(folder, checksum=True) for entry in manifest.ids):
            names = write_ids(folder, _keys(folder, manifest))
            manifest = replace(manifest, ids=[FileEntry.of(folder, name) for name in names])
        lost = any(entry.fault(folder, checksum=True) for entry in manifest.search)
        if lost or (self._options.search and not manifest.search):
            from holle_tf.store.search import write_search  # it needs bm25s

            names = write_search(folder, _texts(folder, manifest))
            manifest = replace(manifest, search=[FileEntry.of(folder, name) for name in names])
        return manifest


def _keys(folder: Path, manifest: Manifest) -> Iterator[tuple[str, int]]:
    """All ids, and the digests of texts that have another id, with the documents' numbers."""
    place = 0
    for shard in _opened(folder, *manifest.shards):
        for row in range(shard.documents):
            key, text = shard.text(row)
            yield key, place
            digest = text_digest(text)
            if digest != key:
                yield digest, place
            place += 1


def _texts(folder: Path, manifest: Manifest) -> Iterator[str]:
    for shard in _opened(folder, *manifest.shards):
        yield from (shard.text(row)[1] for row in range(shard.documents))


def _opened(folder: Path, *entries: ShardEntry) -> Iterator[Shard]:
    return (Shard(folder / entry.file) for entry in entries if entry.file)


def _split(content: bytes) -> list[bytes]:
    return content.removesuffix(b"\n").split(b"\n")


def _parts(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Whole lines of at least so many bytes together."""
    lines, read = [], 0
    for line in file:
        lines.append(line)
        read += len(line)
        if read >= size:
            yield b"".join(lines)
            lines, read = [], 0
    if lines:
        yield b"".join(lines)


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
