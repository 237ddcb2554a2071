"""The state from which a training resumes: in folders of any name, and damaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Optional

import tensorflow as tf

from pipelines.errors import UserError

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


class Resume(tf.keras.callbacks.BackupAndRestore):
    """Saves the state after every epoch, and begins with the last one that was saved.

    Args:
        folder: of the state; see ``without_wildcards``.
        run: folder of the run, for the error message.

    Raises:
        UserError: at the beginning of the training, if the state is damaged.
    """

    def __init__(self, folder: Path, run: Path):
        super().__init__(str(folder), delete_checkpoint=False)
        self._run = run

    def on_train_begin(self, logs: Optional[dict[str, Any]] = None) -> None:
        try:
            super().on_train_begin(logs)
        except (tf.errors.OpError, LookupError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(
                f"{self._run}: the state from which this training would resume is damaged ({reason});"
                " remove this run and train again."
            ) from error
