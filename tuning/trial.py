"""Runs a training of a trial like any other training, and returns its results."""

from __future__ import annotations

import logging
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Mapping, Optional

import tensorflow as tf

from holle_tf.catalogue import is_student
from holle_tf.config import Config
from holle_tf.config_sources import with_values
from holle_tf.distill.recipes import SHIPPED
from holle_tf.runs.data import open_data
from holle_tf.runs.identity import run_identity
from holle_tf.runs.longer_training import copy_state
from holle_tf.runs.run_folder import RunFolder
from holle_tf.system.child_process import ProcessDied, in_child_process
from holle_tf.system.console_logging import log_to_file
from holle_tf.system.memory import keep_freed_memory
from holle_tf.training.distillation import with_recipe
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError

logger = logging.getLogger(__name__)

MEASURED = ("val_f1", "val_em", "val_loss")


@dataclass(frozen=True)
class Task:
    """A training to do.

    Attributes:
        config: complete configuration of the run.
        folder: folder of the run, which is created or continued.
        teachers: folders of the teachers' runs.
        seconds: time after which the training stops; 0 = no limit.
        shorter: folder of a run with the same values and fewer epochs, to continue from.
        keep_checkpoint: keep it, so that a longer training can continue from this one.
    """

    config: Config
    folder: Path
    teachers: tuple[Path, ...] = ()
    seconds: float = 0.0
    shorter: Optional[Path] = None
    keep_checkpoint: bool = False


class Deadline(tf.keras.callbacks.Callback):
    """Stops a training some seconds after its start; what it learned until then is scored as an epoch."""

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
        base: configuration with its recipe.
        values: values by key. A searched interaction takes the shipped recipe of the same terms; a recipe of
            the user's own has its interaction.

    Raises:
        UserError: the values do not match.
    """
    config = with_values(base, values, "trial")
    if not is_student(config.model):
        return config
    if f"{config.student}.interaction" in values and config.recipe in SHIPPED:
        config = replace(config, recipe=config.interaction + config.recipe[len("add") :])
    return with_recipe(config, "")


def trial_config(base: Config, values: Mapping[str, Any], epochs: int = 0) -> Config:
    """The configuration of a trial: like ``full_config``, with a limit to the epochs.

    Args:
        base: configuration with its recipe.
        values: values by key.
        epochs: largest number of epochs; 0 = ``tuning.trial_epochs`` or, without it, that of ``base``.

    Raises:
        UserError: the values do not match.
    """
    model, options = base.model, base.tuning
    limits = {
        "epochs": epochs or options.trial_epochs,
        "patience": options.trial_patience,
    }
    fixed = {f"training.{model}.{name}": value for name, value in limits.items() if value}
    return full_config(base, {**fixed, **values})


def run_task(task: Task, isolate: bool) -> dict[str, Any]:
    """Run ``task``, in a process of its own if ``isolate``.

    Returns:
        The scores of the epoch whose weights are kept, parameters, seconds and so on; or ``error`` if the
        training failed and would fail again.

    Raises:
        ProcessDied: its process was killed.
    """
    return in_child_process(_attempt, task) if isolate else _attempt(task)


def _attempt(task: Task) -> dict[str, Any]:
    # A log beside the run, so that the lines of many trainings do not hide those of the search.
    with log_to_file(task.folder.parent / "log.txt", "holle_tf", "pipelines", __name__):
        return _train_or_error(task)


def _train_or_error(task: Task) -> dict[str, Any]:
    try:
        return _train(task)
    except ProcessDied:
        raise
    except UserError as error:
        return {"error": str(error)}
    except Exception as error:  # the search goes on whatever the values cause; log.txt has the traceback
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
        copy_state(task.shorter, task.folder, run_identity(task.config, prepared, teachers))
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
