"""The files of a split, by the names under which data sets are published."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List, Set

from pipelines.errors import UserError
from pipelines.json_records import ENDINGS

# What stands in the name of a file or folder of each split.
NAMES = {"train": ("train", "trn"), "dev": ("dev", "val", "valid", "validation"), "test": ("test", "tst")}
_PART = re.compile(r"-\d+-of-\d+")  # train-00000-of-00002.json


class MissingSplit(UserError):
    """A folder of data has no file of a split."""


def find_split_files(data_dir: Path, split: str, remedy: str) -> List[Path]:
    """The JSON files of a split, in reading order.

    The first of these that is there: ``train.json``; the files of the folder ``train``; a file with ``train``
    among the words of its name, such as ``coqa-train-v1.0.json``, or all of its numbered parts. Every ending
    of ``json_records.ENDINGS`` will do. ``dev`` can also be called ``val``, ``valid`` or ``validation``.

    Args:
        data_dir: folder of the data.
        split: train, dev or test.
        remedy: what to do if there are none.

    Raises:
        MissingSplit: there are none.
        UserError: several files could be meant.
    """
    for name in NAMES[split]:
        for ending in ENDINGS:
            if (data_dir / f"{name}{ending}").is_file():
                return [data_dir / f"{name}{ending}"]
        if files := json_files(data_dir / name):
            return files
    named = [file for file in json_files(data_dir) if _words(file) & set(NAMES[split])]
    parts = [file for file in named if _PART.search(file.name)]
    if len(named) > 1 and parts != named:
        listed = ", ".join(file.name for file in named)
        raise UserError(
            f"{data_dir}: several files could be {split} ({listed}); keep one, or call it {split}.json"
        )
    if not named:
        others = f"nor one ending in {', '.join(ENDINGS[1:])}, nor a folder {split}"
        raise MissingSplit(f"{data_dir / split}.json: no such file, {others}; {remedy}")
    return named


def json_files(folder: Path) -> List[Path]:
    """The JSON files of a folder by name, without hidden ones; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.endswith(ENDINGS) and not path.name.startswith(".") and path.is_file()
    )


def _words(file: Path) -> Set[str]:
    return set(re.split(r"[^a-z0-9]+", file.name.lower()))
