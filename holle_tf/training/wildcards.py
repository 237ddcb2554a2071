"""Folders whose names have characters that TensorFlow takes for wildcards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

WILDCARDS = "*?[]\\"


@contextmanager
def without_wildcards(folder: Path) -> Iterator[Path]:
    """``folder``, which may be missing, by a name that matches itself alone.

    ``tf.train.CheckpointManager`` looks for the files of a checkpoint by a pattern. In a folder called
    ``run [v2]``, it finds none. Such a folder gets a symbolic link for as long as the block lasts.
    """
    if not set(WILDCARDS) & set(str(folder)):
        yield folder
        return
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="holle-tf-") as scratch:
        link = Path(scratch) / "folder"
        link.symlink_to(folder.absolute(), target_is_directory=True)
        yield link
