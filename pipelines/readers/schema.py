"""``data.schema=auto``: which schema a folder of raw data has, from the keys of its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import List, Union

from pipelines.errors import UserError
from pipelines.json_shape import key_paths
from pipelines.options import AUTO, HOLLE, DataConfig
from pipelines.readers.reader import Reader
from pipelines.readers.registry import READERS
from pipelines.split_files import NAMES

_MOST_KEYS = 8  # that an error names


def told_schema(config: DataConfig, data_dir: Union[str, Path]) -> DataConfig:
    """The options with the schema of a folder in place of ``auto``.

    Args:
        config: options of the data.
        data_dir: folder of the raw files. If it is empty or missing, the schema is that of Holl-E, whose
            reader then says what is missing. "" is the demo corpus.

    Raises:
        UserError: there are files, and no reader recognises them.
    """
    if config.schema != AUTO:
        return config
    return replace(config, schema=_schema_of(Path(data_dir)) if str(data_dir) else HOLLE)


def _schema_of(data_dir: Path) -> str:
    seen: List[Path] = []
    for reader in READERS.values():
        files = _some_files(reader, data_dir) if reader.recognises else []
        keys = frozenset().union(*map(key_paths, files))
        if files and reader.recognises and reader.recognises(keys):
            return reader.name
        seen += files
    # Whatever stands in files with the names of Holl-E, its reader says what is wrong with them.
    if not seen or any(f"{split}_data." in seen[0].name for split in NAMES):
        return HOLLE
    plain = sorted(key for key in key_paths(seen[-1]) if "." not in key)
    shown = ", ".join(plain[:_MOST_KEYS]) + (", ..." if len(plain) > _MOST_KEYS else "")
    raise UserError(
        f"{seen[-1]}: the schema cannot be told from its keys ({shown or 'there are none'}); name it by "
        f"--set data.schema=NAME ({', '.join(READERS)})"
    )


def _some_files(reader: Reader, data_dir: Path) -> List[Path]:
    """The files of the first split that is there; none if the reader finds none."""
    for split in NAMES:
        try:
            if files := list(reader.files(data_dir, split)):
                return files
        except UserError:  # no such split; the reader says so once it is chosen
            continue
    return []
