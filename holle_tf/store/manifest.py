"""The manifest of a store: of which model it is, and which files belong to it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Mapping, Optional

from pipelines.errors import UserError
from pipelines.files import atomic_file, file_sha256

FORMAT_VERSION = 1  # raise it when the files, or what they mean, change
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class FileEntry:
    """A file of the store, by its path within the folder."""

    file: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, folder: Path, name: str) -> FileEntry:
        """Describe a file that was written."""
        return cls(name, (folder / name).stat().st_size, file_sha256(folder / name))

    def fault(self, folder: Path, checksum: bool) -> str:
        """What is wrong with the file; empty if nothing is.

        Args:
            folder: of the store.
            checksum: read the whole file to compare its checksum.
        """
        if not self.file:
            return ""
        path = folder / self.file
        if not path.is_file():
            return "missing"
        size = path.stat().st_size
        if size != self.bytes:
            return f"{size} bytes instead of {self.bytes}"
        return "another checksum" if checksum and file_sha256(path) != self.sha256 else ""


@dataclass(frozen=True)
class ShardEntry(FileEntry):
    """A file of documents, and the part of the input that they come from.

    Attributes:
        documents, words: that it holds; without documents there is no file, and its name is empty.
        input_bytes, input_sha256, input_lines: of that part.
        broken: lines of that part that were skipped.
    """

    documents: int
    words: int
    input_bytes: int
    input_sha256: str
    input_lines: int
    broken: int


@dataclass(frozen=True)
class Manifest:
    """What ``manifest.json`` says.

    Attributes:
        fingerprint: of the model, see ``fingerprint.model_fingerprint``.
        states: float16 | int8.
        shard_kb: see ``StoreConfig``.
        complete: whether all of the input was read.
        shards: in the order of the input.
        ids: the files of the index by ids.
        search: the files of the index for BM25; empty if there is none.
    """

    fingerprint: str
    states: str
    shard_kb: int
    complete: bool = False
    shards: list[ShardEntry] = field(default_factory=list)
    ids: list[FileEntry] = field(default_factory=list)
    search: list[FileEntry] = field(default_factory=list)
    format_version: int = FORMAT_VERSION

    @property
    def documents(self) -> int:
        """Number of documents."""
        return sum(shard.documents for shard in self.shards)

    @property
    def words(self) -> int:
        """Number of words of all documents."""
        return sum(shard.words for shard in self.shards)

    @property
    def bytes(self) -> int:
        """Bytes of all files but this one."""
        return sum(entry.bytes for entry in (*self.shards, *self.ids, *self.search))

    def save(self, folder: Path) -> None:
        """Write it, as a whole."""
        with atomic_file(folder / MANIFEST, "w") as file:
            json.dump(asdict(self), file, indent=1)
            file.write("\n")


def load_manifest(folder: Path) -> Optional[Manifest]:
    """The manifest of a folder; None if it has none.

    Raises:
        UserError: it is damaged or of another version.
    """
    path = folder / MANIFEST
    try:
        content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = content["format_version"]
        if version == FORMAT_VERSION:
            lists = {
                "shards": [ShardEntry(**entry) for entry in content["shards"]],
                "ids": [FileEntry(**entry) for entry in content["ids"]],
                "search": [FileEntry(**entry) for entry in content["search"]],
            }
            return Manifest(**{**content, **lists})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: cannot read this file ({error.strerror}); check the path") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged; delete the folder and encode the documents again") from error
    raise UserError(
        f"{path}: format version {version}, this program reads {FORMAT_VERSION}; encode the documents again"
    )
