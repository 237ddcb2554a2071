"""``--mode=train``: one model on its labels."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Optional

from holle_tf.config import Config
from holle_tf.modes.chosen_devices import on_chosen_devices
from holle_tf.modes.scores_of_run import show_scores
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.system.devices import Devices
from holle_tf.training.distillation import on_labels_alone
from holle_tf.training.setup import prepare_data_and_devices
from holle_tf.training.train import ensure_run


def train_mode(config: Config, run_dir: Optional[str] = None) -> None:
    """Train a model on its labels, or find it trained, and score it; the last line is JSON.

    Args:
        run_dir: its run folder; by default one that is named after the run.

    Raises:
        UserError: the recipe needs a teacher; or see ``ensure_run``.
    """
    on_chosen_devices(config.strategy, partial(_train, config, run_dir))


def _train(config: Config, run_dir: Optional[str], devices: Devices) -> None:
    config = on_labels_alone(config)
    prepared, devices = prepare_data_and_devices(config, devices)
    run = ensure_run(config, prepared, Path(run_dir) if run_dir else None, devices=devices)
    if not devices.chief:
        return
    show_scores(RunOnData(run, prepared, config), "test", [])
