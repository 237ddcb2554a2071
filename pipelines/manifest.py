"""A prepared data set on disk: its manifest, checked against its files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from pipelines.errors import UserError
from pipelines.files import atomic_file, file_sha256, json_sha256
from pipelines.options import HOLLE, LATIN, SQUAD, DataConfig
from pipelines.vocabulary import Vocabulary
from pipelines.word_keys import KEY_VERSION

SCHEMA_VERSION = 1  # raise it when the records, or what is written into them, change
MANIFEST = "manifest.json"
CACHES = "teachers"  # folder within prepared data: scores of teachers on them (distill/teacher_cache.py)
_REQUIRED = ("fingerprint", "counts", "words", "longest")
FILES = ("words.txt", "chars.txt", "embeddings.npy")
REFERENCES = "references"  # key of the manifest: true = records have all accepted answers
DIGEST = "digest"  # key of the manifest: SHA-256 of all its other values
_REMEDY = "delete the folder and prepare again"


@dataclass(frozen=True)
class PreparedData:
    """Prepared data, all of it verified against the manifest.

    Attributes:
      folder: where it is.
      manifest: what ``prepare`` wrote (see ``manifest.json``): schema_version, fingerprint, word_keys,
        config, limit, glove, sources, report, counts, vocabulary, words, longest, shards, files.
      words, chars: the vocabularies.
      embeddings: float32 (len(words), config.word_dim).
    """

    folder: Path
    manifest: dict[str, Any] = field(repr=False)
    words: Vocabulary = field(repr=False)
    chars: Vocabulary = field(repr=False)
    embeddings: np.ndarray = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """64 hex digits, the same for the same input and options."""
        return self.manifest["fingerprint"]

    @property
    def config(self) -> DataConfig:
        """The options it was prepared with; without a choice, Holl-E's schema and latin words."""
        return DataConfig(**{"schema": HOLLE, "words": LATIN, **self.manifest["config"]})

    @property
    def has_keys(self) -> bool:
        """Whether the records have the keys of words that this program computes (``pipelines.word_keys``).

        Not part of the fingerprint: everything else in the records is what it was before there were keys.
        """
        return self.manifest.get("word_keys") == KEY_VERSION

    @property
    def is_current(self) -> bool:
        """Whether the records have all that this program writes into them, not only all that decides runs.

        Data of SQuAD that were prepared before further references were kept lack those.
        """
        return self.has_keys and (REFERENCES in self.manifest or self.config.schema != SQUAD)

    def count(self, split: str) -> int:
        """Number of examples of a split."""
        return self.manifest["counts"][split]

    def shards(self, split: str) -> list[Path]:
        """The files of a split's records, in their order."""
        return [self.folder / shard["file"] for shard in self.manifest["shards"][split]]

    def mean_words(self, split: str) -> dict[str, float]:
        """Mean number of words of each stored text of a split."""
        totals = self.manifest["words"][split]
        return {name: total / max(1, self.count(split)) for name, total in totals.items()}

    @classmethod
    def load(cls, folder: Union[str, Path], like: Optional[PreparedData] = None) -> PreparedData:
        """Read a prepared folder.

        Args:
          like: the data whose vocabularies and word vectors the folder shares; None = it has its own.

        Raises:
          UserError: not a prepared folder, one of another schema, or a file in it that is missing,
            truncated or altered.
        """
        folder = Path(folder)
        manifest = _read_manifest(folder)
        for name, expected in _files(manifest):
            _verify(folder / name, expected)
        if like is not None:
            return replace(like, folder=folder, manifest=manifest)
        return cls(
            folder=folder,
            manifest=manifest,
            words=Vocabulary.load(folder / "words.txt"),
            chars=Vocabulary.load(folder / "chars.txt"),
            embeddings=np.load(folder / "embeddings.npy"),
        )


def describe(path: Path) -> dict[str, Any]:
    """Size and checksum of a file, as the manifest keeps them: ``bytes`` and ``sha256``."""
    return {"bytes": path.stat().st_size, "sha256": file_sha256(path)}


def write_manifest(folder: Path, manifest: dict[str, Any], files: Sequence[str] = FILES) -> None:
    """Write the manifest, with the checksums of ``files`` and of the manifest itself added."""
    manifest = {**manifest, "files": {name: describe(folder / name) for name in files}}
    manifest[DIGEST] = _digest(manifest)
    with atomic_file(folder / MANIFEST, "w") as file:
        json.dump(manifest, file, indent=1, ensure_ascii=False)
        file.write("\n")


def _digest(manifest: Mapping[str, Any]) -> str:
    return json_sha256({name: value for name, value in manifest.items() if name != DIGEST})


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["schema_version"]
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}), so this is no prepared data; {_REMEDY}"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: damaged, not a manifest; {_REMEDY}") from error
    if version != SCHEMA_VERSION:
        raise UserError(f"{path}: schema version {version}, this program reads {SCHEMA_VERSION}; {_REMEDY}")
    if manifest.get(DIGEST, digest := _digest(manifest)) != digest:  # older ones have none
        raise UserError(f"{path}: has changed since it was written, its digest is another; {_REMEDY}")
    try:
        DataConfig(**manifest["config"])
        for _, expected in _files(manifest):
            int(expected["bytes"]), str(expected["sha256"])
        for name in _REQUIRED:
            manifest[name]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path}: damaged or of another version ({error}); {_REMEDY}") from error
    return manifest


def _files(manifest: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for shards in manifest["shards"].values():
        for shard in shards:
            yield shard["file"], {"bytes": shard["bytes"], "sha256": shard["sha256"]}
    yield from manifest["files"].items()


def _verify(path: Path, expected: dict[str, Any]) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UserError(f"{path}: missing from the prepared data; {_REMEDY}") from error
    if size != expected["bytes"]:
        raise UserError(
            f"{path}: {size} bytes instead of {expected['bytes']}, it was cut off or altered; {_REMEDY}"
        )
    if file_sha256(path) != expected["sha256"]:
        raise UserError(f"{path}: damaged, its checksum is not the manifest's; {_REMEDY}")
