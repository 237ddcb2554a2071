"""Writes a store: a file for each part of the input, which a later command does not write again."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import IO, Callable, Iterator, Optional, Sequence

from holle_tf.options.store import StoreConfig
from holle_tf.store.id_index import id_hash, write_ids
from holle_tf.store.input_lines import opened_input, parse_line
from holle_tf.store.manifest import FileEntry, Manifest, ShardEntry, load_manifest
from holle_tf.store.part import Encoder, Part, lines_of, write_part
from holle_tf.store.shard import Shard
from pipelines.digests import text_sha256
from pipelines.errors import UserError
from pipelines.example import Unusable
from pipelines.files import exclusive_access, remove_stale
from pipelines.raw_files import MOST_OF_A_LINE

logger = logging.getLogger(__name__)

_NAMED = 20  # broken lines that are logged one by one


# Writes parts of an input to a folder, with states in a format, and returns their entries; see beam_encoding.
WriteParts = Callable[[Path, Path, Sequence[Part], str], Sequence[ShardEntry]]


def write_store(
    source: Path,
    folder: Path,
    encoder: Encoder,
    options: StoreConfig,
    strict: bool = False,
    elsewhere: Optional[WriteParts] = None,
) -> Manifest:
    """Read all documents of a file and write what is kept of them.

    What an earlier command wrote is checked and kept; files that are missing or damaged are written anew, and
    lines that were appended to the input since are added.

    Args:
        source: JSON lines, see ``input_lines``; plain or packed by gzip.
        folder: of the store.
        encoder: reads the documents.
        options: ``states``, ``shard_kb`` and ``search``.
        strict: end at the first line that has no document, in place of skipping it.
        elsewhere: reads the documents and writes the files in place of this process.

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
            return _Writing(source, folder, encoder, options, strict, elsewhere).run(file)


def _create(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder}: cannot create this folder ({error.strerror}); choose another --output"
        ) from error


class _Writing:
    def __init__(
        self,
        source: Path,
        folder: Path,
        encoder: Encoder,
        options: StoreConfig,
        strict: bool,
        elsewhere: Optional[WriteParts],
    ):
        self._source, self._folder, self._encoder, self._options = source, folder, encoder, options
        self._strict, self._write_elsewhere = strict, elsewhere
        self._seen: set[int] = set()  # hashes of ids
        self._line, self._offset = 0, 0  # lines and bytes that were read
        self._broken = 0

    def run(self, file: IO[bytes]) -> Manifest:
        before = self._existing()
        manifest, elsewhere = before, []
        for path in remove_stale(self._folder):
            logger.info(f"removed {path}, which an interrupted command left")
        for part, content in self._missing(file, before.shards):
            if self._write_elsewhere is not None:
                elsewhere.append(part)
                continue
            entry = write_part(self._folder, part, content, self._encoder, self._options.states)
            manifest = _with(manifest, [(part, entry)])
            manifest.save(self._folder)
            logger.info(f"{manifest.documents:,} documents, {manifest.words:,} words")
        if self._write_elsewhere is not None:
            states = self._options.states
            entries = self._write_elsewhere(self._source, self._folder, elsewhere, states)
            manifest = _with(manifest, list(zip(elsewhere, entries)))
        if not manifest.documents:
            raise UserError(
                f'{self._source}: no document is here; a line is {{"id": "...", "document": "..."}}'
            )
        if self._broken:
            logger.warning(f"{self._source}: {self._broken:,} lines were skipped")
        search = self._options.search or bool(before.search)
        manifest = replace(_indexed(self._folder, manifest, search), complete=True)
        if manifest == load_manifest(self._folder):  # which was saved after every part
            logger.info(f"{self._folder}: nothing was missing")
        else:
            manifest.save(self._folder)
        return manifest

    def _missing(self, file: IO[bytes], entries: Sequence[ShardEntry]) -> Iterator[tuple[Part, bytes]]:
        """The parts whose files are to be written, and their bytes."""
        for number, entry in enumerate(entries):
            content = file.read(entry.input_bytes)
            if hashlib.sha256(content).hexdigest() != entry.input_sha256:
                first, last = self._line + 1, self._line + entry.input_lines
                raise UserError(
                    f"{self._source}: lines {first} to {last} are not those that {self._folder} was"
                    " written from; restore the file, or choose another --output"
                )
            if entry.fault(self._folder, checksum=True):
                logger.warning(f"{self._folder / entry.file}: missing or damaged; it is written anew")
                yield self._part(number, content), content
                continue
            for shard in _opened(self._folder, entry):
                self._seen.update(map(id_hash, shard.ids()))
            self._offset += len(content)
            self._line += entry.input_lines
            self._broken += entry.broken
        for number, content in enumerate(_contents(file, self._options.shard_kb << 10), len(entries)):
            yield self._part(number, content), content

    def _part(self, number: int, content: bytes) -> Part:
        """Decide which lines are read."""
        first, offset, broken, skipped = self._line + 1, self._offset, self._broken, []
        for line in lines_of(content):
            self._line += 1
            if not line.strip() or not self._is_document(line):
                skipped.append(self._line)
        self._offset += len(content)
        return Part(number, offset, len(content), first, frozenset(skipped), self._broken - broken)

    def _is_document(self, line: bytes) -> bool:
        try:
            key = parse_line(line, self._line).id
            if id_hash(key) in self._seen:
                raise Unusable(f"the id '{key[:80]}' is that of an earlier line")
        except Unusable as error:
            where = f"{self._source}, line {self._line}: {error}"
            if self._strict:
                raise UserError(f"{where}; correct the line, or leave out --strict to skip it") from error
            self._broken += 1
            if self._broken <= _NAMED:
                logger.warning(f"{where}; skipped")
            return False
        self._seen.add(id_hash(key))
        return True

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


def _with(manifest: Manifest, written: Sequence[tuple[Part, ShardEntry]]) -> Manifest:
    """With the files of parts, and without indexes, which do not fit any more."""
    if not written:
        return manifest
    shards = dict(enumerate(manifest.shards))
    shards.update((part.number, entry) for part, entry in written)
    return replace(
        manifest, complete=False, shards=[shards[n] for n in range(len(shards))], ids=[], search=[]
    )


def _indexed(folder: Path, manifest: Manifest, search: bool) -> Manifest:
    """With the indexes that are missing or damaged; ``search``: whether it has one for BM25."""
    if not manifest.ids or any(entry.fault(folder, checksum=True) for entry in manifest.ids):
        names = write_ids(folder, _keys(folder, manifest))
        manifest = replace(manifest, ids=[FileEntry.of(folder, name) for name in names])
    lost = any(entry.fault(folder, checksum=True) for entry in manifest.search)
    if search and (lost or not manifest.search):
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
            digest = text_sha256(text)
            if digest != key:
                yield digest, place
            place += 1


def _texts(folder: Path, manifest: Manifest) -> Iterator[str]:
    for shard in _opened(folder, *manifest.shards):
        yield from (shard.text(row)[1] for row in range(shard.documents))


def _opened(folder: Path, *entries: ShardEntry) -> Iterator[Shard]:
    return (Shard(folder / entry.file) for entry in entries if entry.file)


def _contents(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Whole lines of at least so many bytes together."""
    lines, read = [], 0
    for line in iter(lambda: file.readline(MOST_OF_A_LINE + 1), b""):
        if len(line) > MOST_OF_A_LINE:
            raise UserError(
                f"--input: a line has more than {MOST_OF_A_LINE:,} bytes; give every document its own"
            )
        lines.append(line)
        read += len(line)
        if read >= size:
            yield b"".join(lines)
            lines, read = [], 0
    if lines:
        yield b"".join(lines)
