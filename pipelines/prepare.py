"""From a folder of raw chats to a folder of prepared data: vocabularies, vectors, records, manifest.

The folder's name ends in a fingerprint of everything that determines its contents, so a folder that exists
is up to date. It is written under a temporary name and renamed when it is complete.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Callable, Optional, Union

from pipelines import held_out
from pipelines.errors import UserError
from pipelines.files import atomic_folder, file_sha256, json_sha256, remove_stale
from pipelines.local_preparation import fill_folder
from pipelines.manifest import CACHES, REFERENCES, SCHEMA_VERSION, PreparedData, write_manifest
from pipelines.options import DataConfig
from pipelines.readers.reader import Reader
from pipelines.readers.told_words import told_data
from pipelines.splits import SPLITS, files_of_split, reader_of_data
from pipelines.word_counts import NO_GLOVE
from pipelines.word_keys import KEY_VERSION

logger = logging.getLogger(__name__)

GLOVE_HOMEPAGE = "https://nlp.stanford.edu/projects/glove/"

__all__ = ["PreparedData", "fingerprint_of", "prepare"]


def prepare(
    data_dir: Union[str, Path],
    out_root: Union[str, Path],
    config: DataConfig,
    glove: Optional[str],
    limit: Optional[int] = None,
    allow_dropped: bool = False,
    fill: Callable[..., dict[str, Any]] = fill_folder,
) -> PreparedData:
    """Prepare one setup of a data set, or return what was prepared earlier from the same input.

    Args:
      data_dir: folder with the raw train, dev and test files.
      out_root: parent of the prepared folder, ``<setup>-<first 10 digits of the fingerprint>``.
      config: options of the data.
      glove: GloVe file, or "none" to learn the word vectors.
      limit: read only the first usable examples of each split.
      allow_dropped: continue however many examples are unusable.
      fill: does the work; takes the arguments of ``fill_folder`` and returns what it returns.

    Raises:
      UserError: missing, broken or unusable input; ``glove`` is None; a prepared folder that has been
        damaged; a full disk.
    """
    if glove is None:
        raise UserError(
            "no word vectors: give --glove=PATH (glove.6B.zip is at "
            f"{GLOVE_HOMEPAGE}), or --glove={NO_GLOVE} to learn them from the chats"
        )
    out_root = Path(out_root)
    config = told_data(config, data_dir)
    fingerprint, sources = fingerprint_of(data_dir, config, glove, limit)
    folder = out_root / f"{config.setup}-{fingerprint[:10]}"
    if folder.exists():
        prepared = PreparedData.load(folder)
        if prepared.fingerprint != fingerprint:
            raise UserError(
                f"{folder}: holds other data than its name says; delete the folder and prepare again"
            )
        if prepared.is_current:
            logger.info(f"{folder}: prepared before from the same input")
            return prepared
        logger.info(f"{folder}: an earlier version prepared it, with less in its records; preparing again")
    for removed in remove_stale(out_root):
        logger.info(f"{removed}: removed, it was left by a run that was killed")
    logger.info(f"{folder}: preparing, of {data_dir}")
    notes = dict(reader_of_data(data_dir, config).notes)
    for split, note in notes.items():
        logger.info(f"{split}: {note}")
    try:
        with atomic_folder(folder) as temporary:
            reading = replace(config, max_dropped=1.0) if allow_dropped else config
            contents = fill(temporary, Path(data_dir), reading, glove, limit)
            manifest = {
                "schema_version": SCHEMA_VERSION,
                "fingerprint": fingerprint,
                "word_keys": KEY_VERSION,
                REFERENCES: True,
                **({"notes": notes} if notes else {}),
                "config": asdict(config),
                "limit": limit,
                "glove": NO_GLOVE if glove == NO_GLOVE else Path(glove).name,
                "sources": sources,
            }
            write_manifest(temporary, {**manifest, **contents})
            if folder.exists() and PreparedData.load(folder).is_current:
                raise _ByAnother
            if (folder / CACHES).exists():
                shutil.copytree(folder / CACHES, temporary / CACHES)
    except _ByAnother:
        logger.info(f"{folder}: another process prepared it meanwhile")
    return PreparedData.load(folder)


def fingerprint_of(
    data_dir: Union[str, Path], config: DataConfig, glove: str, limit: Optional[int]
) -> tuple[str, dict[str, str]]:
    """Digest of everything that determines the prepared data: schema, options, limit, contents of the files.

    Returns:
      64 hex digits, and the SHA-256 of each source file by its role (train, dev, test, glove).
    """
    config = told_data(config, data_dir)
    sources = {split: _digest(files_of_split(data_dir, split, config)) for split in SPLITS}
    sources["glove"] = NO_GLOVE if glove == NO_GLOVE else file_sha256(glove)
    decisive: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "config": config.decisive(),
        "limit": limit,
        "sources": sources,
    }
    reader = reader_of_data(data_dir, config)
    if reader.notes:
        decisive["held_out"] = held_out.VERSION
    if reader.version != Reader.version:
        decisive["reader_version"] = reader.version
    if held_out.lacks_dev(reader, Path(data_dir)):
        decisive["dev_of_train"] = held_out.DEV_RULE
    return json_sha256(decisive), sources


def _digest(files: Sequence[Path]) -> str:
    """SHA-256 of a file's contents, or of those of several in their order."""
    digests = [file_sha256(file) for file in files]
    return digests[0] if len(digests) == 1 else json_sha256(digests)


class _ByAnother(Exception):
    """The folder appeared while this process was writing its own."""
