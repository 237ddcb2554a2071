"""From a configuration to prepared data, trained runs and their scores."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional, Sequence, Union

from holle_tf import config_sources
from holle_tf.config import Config
from pipelines.errors import UserError
from pipelines.prepare import PreparedData

if TYPE_CHECKING:
    from holle_tf.runs.run_folder import RunFolder
    from holle_tf.system.devices import Devices

PathLike = Union[str, "os.PathLike[str]"]
_SHORT = {"setup": "data.setup", "interaction": "student.interaction"}  # like the flags of these names


def load_config(
    files: Union[PathLike, Iterable[PathLike]] = (),
    assignments: Union[Mapping[str, Any], Iterable[str]] = (),
    **options: Any,
) -> Config:
    """The configuration that the command line would have: defaults < files < assignments < options.

    Without ``data_dir`` the data are the demo corpus, and the preset ``demo`` comes before the files.

    Args:
        files: a YAML file or the name of a preset, or several.
        assignments: by dotted key, as ``{"training.sam.epochs": 5}``; or strings, as
            ``"training.sam.epochs=5"``.
        options: top-level options of the configuration, as ``teacher="qanet"``, and ``setup`` and
            ``interaction``; None is the same as leaving one out.

    Raises:
        UserError: a file is missing or broken, a key is unknown, or a value is not allowed.
    """
    named = [files] if isinstance(files, (str, os.PathLike)) else files
    paths = [config_sources.config_file(os.fspath(file)) for file in named]
    if isinstance(assignments, Mapping):
        assignments = [f"{key}={json.dumps(value, default=str)}" for key, value in assignments.items()]
    texts = list(assignments)
    given = {_SHORT.get(name, name): value for name, value in options.items() if value is not None}
    config = config_sources.load_config(paths, texts, given)
    if config.data_dir:
        return config
    return config_sources.load_config([config_sources.preset("demo"), *paths], texts, given)


def prepare(config: Config) -> PreparedData:
    """The data of ``config`` as records: prepared now, or before from the same input.

    Raises:
        UserError: raw data or word vectors are missing or unusable.
    """
    from holle_tf.runs.data import open_data

    return open_data(config)


def train(config: Config, run_dir: Optional[PathLike] = None) -> RunFolder:
    """A run of ``config.model`` on the labels alone: found, continued after an interruption, or trained.

    Args:
        run_dir: its folder; by default one under ``config.runs_dir``, named after the run.

    Raises:
        UserError: the recipe needs a teacher, data are missing, or training diverged.
    """
    from holle_tf.system.memory import keep_freed_memory
    from holle_tf.training.distillation import on_labels_alone
    from holle_tf.training.setup import prepare_data_and_devices
    from holle_tf.training.train import ensure_run

    keep_freed_memory()
    config = on_labels_alone(config)
    prepared, devices = prepare_data_and_devices(config, _devices(config))
    return ensure_run(config, prepared, _path(run_dir), devices=devices)


def distill(
    config: Config, teacher_runs: Optional[Sequence[PathLike]] = None, run_dir: Optional[PathLike] = None
) -> RunFolder:
    """A run of a student that learns from teachers: found, continued after an interruption, or trained.

    Args:
        config: ``teacher`` names the teachers. A teacher without a finished run on these data is trained
            first.
        teacher_runs: folders of finished teachers, in place of ``config.teacher``.
        run_dir: folder of the student; by default one under ``config.runs_dir``, named after the run.

    Raises:
        UserError: no teacher is given, the recipe does not fit, data are missing, or training diverged.
    """
    from holle_tf.system.memory import keep_freed_memory
    from holle_tf.training.distillation import prepare_distillation
    from holle_tf.training.train import ensure_run

    keep_freed_memory()
    paths = None if teacher_runs is None else [os.fspath(path) for path in teacher_runs]
    ready = prepare_distillation(config, paths, _devices(config))
    return ensure_run(ready.config, ready.prepared, _path(run_dir), ready.teachers, devices=ready.devices)


def evaluate(
    run: Union[PathLike, RunFolder], split: str = "test", config: Optional[Config] = None
) -> dict[str, float]:
    """The scores of a finished run on a split of its data, 0-100, by name; they are kept in the run folder.

    Args:
        run: a run, or its folder.
        split: train | dev | test.
        config: says where the data are now (``data_dir``, ``glove``, ``runs_dir``) if they have moved since
            training. A long ``data.setup`` lets a teacher of short documents read long ones in chunks.

    Raises:
        UserError: the run is unfinished, or its data are not there.
    """
    from holle_tf.runs.evaluation import evaluate_run
    from holle_tf.runs.run_folder import RunFolder
    from holle_tf.runs.run_on_data import open_run_on_data

    if split not in ("train", "dev", "test"):
        raise UserError(f"split={split!r}: not among the choices (train, dev, test).")
    folder = RunFolder(Path(run)) if isinstance(run, (str, os.PathLike)) else run
    return evaluate_run(open_run_on_data(folder, config or _with_its_data(folder)), split)


def _with_its_data(run: RunFolder) -> Config:
    """The configuration of a run, with the data beside it if there are any."""
    config, root = run.config(), run.path.parent.parent
    return replace(config, runs_dir=str(root)) if (root / "data").is_dir() else config


def _devices(config: Config) -> Devices:
    from holle_tf.system.devices import choose_devices

    devices = choose_devices(config.strategy)
    if devices.kind == "multiworker":
        raise UserError("strategy.kind=multiworker: use the command line to train on several hosts.")
    return devices


def _path(path: Optional[PathLike]) -> Optional[Path]:
    return None if path is None else Path(path)
