"""One training of a trial, through the path of every other training, and what came of it."""

from __future__ import annotations

import json
import logging
import shutil
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Mapping, Optional

import tensorflow as tf

from holle_tf.catalogue import is_student
from holle_tf.config import Config, with_values
from holle_tf.distill.recipes import RECIPES
from holle_tf.runs.data import open_data
from holle_tf.runs.identity import run_identity
from holle_tf.runs.run_folder import RunFolder, write_text
from holle_tf.system.child_process import ProcessDied, in_own_process
from holle_tf.system.console_logging import log_to_file
from holle_tf.system.memory import keep_freed_memory
from holle_tf.training.distillation import with_recipe
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError
from pipelines.files import atomic_folder

logger = logging.getLogger(__name__)

MEASURED = ("val_f1", "val_em", "val_loss")


@dataclass(frozen=True)
class Task:
    """A training to do.

    Attributes:
        config: of the run, whole.
        folder: of the run; made, or gone on with.
        teachers: folders of the teachers' runs.
        seconds: after which the training is cut; 0 = never.
        shorter: folder of a run of the same values and fewer epochs to go on from.
        keep_checkpoint: for a longer training to go on from this one.
    """

    config: Config
    folder: Path
    teachers: tuple[Path, ...] = ()
    seconds: float = 0.0
    shorter: Optional[Path] = None
    keep_checkpoint: bool = False


class Deadline(tf.keras.callbacks.Callback):
    """Stops a training some seconds after its begin; what was learned until then is scored as an epoch."""

    def __init__(self, seconds: float):
        super().__init__()
        self._seconds, self._end = seconds, float("inf")

    def on_train_begin(self, logs: Any = None) -> None:
        self._end = time.monotonic() + self._seconds

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if time.monotonic() > self._end:
            self.model.stop_training = True


def full_config(base: Config, values: Mapping[str, Any]) -> Config:
    """The configuration of a search with the values of a trial, for a training of full length.

    Args:
        base: its recipe is named.
        values: by key; a searched interaction takes the paper's recipe of the same terms. A recipe of one's
            own has its interaction.

    Raises:
        UserError: the values do not fit each other.
    """
    config = with_values(base, values, "trial")
    if not is_student(config.model):
        return config
    if f"{config.student}.interaction" in values and config.recipe in RECIPES:
        config = replace(config, recipe=config.interaction + config.recipe[len("add") :])
    return with_recipe(config, "")


def trial_config(base: Config, values: Mapping[str, Any], epochs: int = 0) -> Config:
    """The configuration of a trial: as ``full_config``, for at most so many epochs.

    Args:
        base: its recipe is named.
        values: by key.
        epochs: at most; 0 = ``tuning.trial_epochs``, or as ``base`` has it.

    Raises:
        UserError: the values do not fit each other.
    """
    model, options = base.model, base.tuning
    limits = {
        "epochs": epochs or options.trial_epochs,
        "patience": options.trial_patience,
    }
    fixed = {f"training.{model}.{name}": value for name, value in limits.items() if value}
    return full_config(base, {**fixed, **values})


def run_task(task: Task, isolate: bool) -> dict[str, Any]:
    """Do ``task``; in a process of its own if ``isolate``.

    Returns:
        The scores of the epoch whose weights are kept, parameters, seconds and so on; or ``error``, of a
        training that failed and would fail again.

    Raises:
        ProcessDied: its process was killed.
    """
    return in_own_process(_attempt, task) if isolate else _attempt(task)


def _attempt(task: Task) -> dict[str, Any]:
    # A log beside the run, so that lines of many trainings do not hide what the search says.
    with log_to_file(task.folder.parent / "log.txt", "holle_tf", "pipelines", __name__):
        return _train_or_error(task)


def _train_or_error(task: Task) -> dict[str, Any]:
    try:
        return _train(task)
    except ProcessDied:
        raise
    except UserError as error:
        return {"error": str(error)}
    except Exception as error:  # whatever values lead to, the search goes on; log.txt has it whole
        logger.error(traceback.format_exc().rstrip())
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
            return {"error": "out of memory; a smaller model or batch would fit"}
        lines = str(error).splitlines() or [""]
        return {"error": f"{type(error).__name__}: {lines[0][:200]}"}


def _train(task: Task) -> dict[str, Any]:
    keep_freed_memory()
    prepared = open_data(task.config)
    teachers = [RunFolder(path) for path in task.teachers]
    if task.shorter is not None and not task.folder.exists():
        _go_on_from(task.shorter, task.folder)
        write_text(
            task.folder / "identity.json", json.dumps(run_identity(task.config, prepared, teachers), indent=1)
        )
    callbacks = [Deadline(task.seconds)] if task.seconds else []
    keep = task.keep_checkpoint
    run = ensure_run(task.config, prepared, task.folder, teachers, callbacks, keep)
    result, lines = run.result(), run.epochs()
    assert result is not None
    kept = lines[result["best_epoch"] - 1]
    costs = ("parameters", "epochs", "best_epoch", "seconds_per_epoch", "precision", "peak_memory_mb")
    return {
        **{name: kept[name] for name in MEASURED},
        **{name: result[name] for name in costs},
        "seconds": sum(line["seconds"] for line in lines),
    }


def _go_on_from(shorter: Path, folder: Path) -> None:
    with atomic_folder(folder) as temporary:
        shutil.copytree(shorter, temporary, dirs_exist_ok=True)
        (temporary / "result.json").unlink()
