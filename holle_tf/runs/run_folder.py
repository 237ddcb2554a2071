"""A run folder: everything that is needed to use or judge a trained model; nothing outside it is needed."""

from __future__ import annotations

import functools
import json
import logging
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol, Sequence

import numpy as np
import tensorflow as tf

from holle_tf.catalogue import MODELS
from holle_tf.config import Config, items_of, to_yaml
from holle_tf.config_sources import load_config, with_absolute_paths
from holle_tf.drawing.plots import read_metrics
from holle_tf.runs.longer_training import is_longer, why_not
from pipelines.digests import check_digests, digests_of
from pipelines.errors import UserError
from pipelines.files import atomic_file, file_sha256, remove_stale
from pipelines.options import LATIN
from pipelines.plugins import plugin_digests
from pipelines.prepare import PreparedData
from pipelines.vocabulary import Vocabulary

PACKAGES = (
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-addons",
    "tf_keras",
    "keras",
    "keras-tuner",
    "numpy",
    "numba",
)
DIGESTS = "sha256"  # in result.json: by path below the run folder
_OF_OLDER = {"data.words": LATIN}  # what runs had before there were these options
_DECISIVE = ("config.yaml", "vocab.txt", "chars.txt")  # with the weights, the files that decide an answer
_OF_RESULT: dict[str, tuple[type, ...]] = {  # types of what is read of a result
    "model": (str,),
    "teacher": (str, type(None)),
    "scores": (dict,),
    "conicity": (dict,),
    "parameters": (int, type(None)),
    "epochs": (int,),
    "best_epoch": (int,),
    "seconds_per_epoch": (float, int, type(None)),
}
_TEACHERS = "teachers.json"
_PLUGINS = "plugins.json"

logger = logging.getLogger(__name__)


class TeacherSource(Protocol):
    """What a student learns from: a finished run, or a file of scores."""

    @property
    def path(self) -> Path:
        """For messages."""

    @property
    def weights(self) -> Path:
        """The file that decides its scores."""

    @property
    def kind(self) -> str:
        """What ``--teacher`` would be."""

    def identity(self) -> dict[str, Any] | None:
        """What decides its scores, as part of a student's identity."""


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run and what is written there."""

    path: Path

    @property
    def kind(self) -> str:
        """The model that was trained."""
        return self.config().model

    @property
    def weights(self) -> Path:
        """The weights of the best epoch by ``best_by``; averaged weights if there is an ``ema_decay``."""
        return self.path / "checkpoints" / "best.weights.h5"

    @property
    def resume(self) -> Path:
        """The state after the last complete epoch, from which training resumes."""
        return self.path / "checkpoints" / "resume"

    @property
    def metrics(self) -> Path:
        """One JSON object for each epoch."""
        return self.path / "metrics.jsonl"

    @property
    def diverged(self) -> Path:
        """Exists if training diverged in its first epoch, so that there are no weights."""
        return self.path / "diverged.txt"

    @property
    def tensorboard(self) -> Path:
        """What training wrote for TensorBoard."""
        return self.path / "tensorboard"

    def check(self, identity: dict[str, Any], teachers: Sequence[TeacherSource] = ()) -> None:
        """Raise a UserError if another run is here; an unfinished run of this identity can be resumed.

        So can one whose training only ends earlier, if its state was kept.

        A student that learned from other weights than its teachers have now counts as another run. Its
        identity does not show that: a teacher that is trained again, or elsewhere, keeps its identity.
        """
        found = self.identity()
        if found is None:
            return
        if is_longer(found, identity):
            if reason := why_not(self.path, found, identity):
                raise UserError(reason)
        elif found != identity:
            raise UserError(
                f"{self.path}: holds another run ({difference(found, identity)}); choose another --run_dir or"
                " remove it."
            )
        if not self.learned_from(teachers):
            names = ", ".join(str(teacher.path) for teacher in teachers)
            raise UserError(
                f"{self.path}: learned from other weights than those now in {names}, trained again or"
                " elsewhere; remove this run, or choose another --run_dir or --runs_dir."
            )

    def create(
        self,
        config: Config,
        prepared: PreparedData,
        identity: dict[str, Any],
        teachers: Sequence[TeacherSource] = (),
    ) -> None:
        """Make the folder, or check that the unfinished run here is the same one and can be resumed.

        Raises:
            UserError: another run is here, or the folder cannot be made.
        """
        self.check(identity, teachers)
        try:
            (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
            for folder in (self.path, self.path / "checkpoints"):
                for _ in remove_stale(folder):  # of killed processes
                    pass
            if self.identity() not in (None, identity):  # a shorter training, which goes on
                for name in ("result.json", "predictions.jsonl"):
                    (self.path / name).unlink(missing_ok=True)
            write_text(self.path / "config.yaml", to_yaml(with_absolute_paths(config)))
            prepared.words.save(self.path / "vocab.txt")
            prepared.chars.save(self.path / "chars.txt")
            if teachers:
                learned = {"weights": _weights_of(teachers)}
                write_text(self.path / _TEACHERS, json.dumps(learned, indent=1))
            if config.plugins:
                write_text(self.path / _PLUGINS, json.dumps(plugin_digests(config.plugins), indent=1))
            write_text(self.path / "identity.json", json.dumps(identity, indent=1))
        except OSError as error:
            raise UserError(f"{self.path}: cannot write this run folder ({error.strerror}).") from error

    def identity(self) -> dict[str, Any] | None:
        """``identity.json``: what decides the outcome of the run; None if no run was begun."""
        return read_json(self.path / "identity.json")

    def teacher_weights(self) -> list[str]:
        """SHA-256 of the weights of each teacher that the run learned from; empty without teachers."""
        return (read_json(self.path / _TEACHERS) or {}).get("weights", [])

    def learned_from(self, teachers: Sequence[TeacherSource]) -> bool:
        """Whether these teachers have the weights that the run learned from; true if it had none."""
        weights = self.teacher_weights()
        return not weights or weights == _weights_of(teachers)

    def result(self) -> dict[str, Any] | None:
        """``result.json``; None if the run is not finished.

        Raises:
            UserError: it is damaged.
        """
        found = read_json(self.path / "result.json")
        for name, kind in _OF_RESULT.items():
            if found is not None and not isinstance(found.get(name, kind[0]()), kind):
                said = f"{name} is {_brief(found[name])}"
                raise UserError(
                    f"{self.path / 'result.json'}: damaged, {said}; remove {self.path} and train again."
                )
        return found

    def epochs(self) -> list[dict[str, Any]]:
        """The metrics of every complete epoch, oldest first; empty before the first one ends."""
        return read_metrics(self.metrics) if self.metrics.exists() else []

    def write_result(self, result: dict[str, Any]) -> None:
        """Write ``result.json``; its presence means that training is over."""
        write_text(self.path / "result.json", json.dumps(result, indent=1))

    def finish(self, result: dict[str, Any]) -> None:
        """Write ``result.json`` with the digests of the files that decide what the run answers."""
        weights = self.weights.relative_to(self.path).as_posix()
        self.write_result({**result, DIGESTS: digests_of(self.path, [weights, *_DECISIVE])})

    def check_files(self) -> None:
        """Raise a UserError if a file that decides what the run answers has changed since it was trained.

        Runs from before digests were recorded are not checked.
        """
        check_digests(self.path, (self.result() or {}).get(DIGESTS), "copy the run again, or train it again")

    def config(self) -> Config:
        """The resolved configuration of the run.

        Its plugins are loaded, with a warning if one has changed since the run was trained.

        Raises:
            UserError: this is no run folder, or one of its plugins cannot be imported.
        """
        if not (self.path / "config.yaml").exists():
            raise UserError(f"{self.path}: no run is here (config.yaml is missing); check --run_dir.")
        config = load_config([self.path / "config.yaml"], defaults=_OF_OLDER)
        if config.plugins:
            recorded = read_json(self.path / _PLUGINS) or {}
            for name, digest in plugin_digests(config.plugins).items():
                if recorded.get(name, digest) != digest:
                    _warn_of_change(self.path, name)
        return config

    def load_model(self) -> tf.keras.Model:
        """The trained model with its evaluation weights, from this folder alone.

        Raises:
            UserError: the run is unfinished or its weights do not fit.
        """
        config = self.config()
        if self.result() is None:
            raise UserError(
                f"{self.path}: this run is not finished; give its training command again to resume it."
            )
        self.check_files()
        vocabularies = [Vocabulary.load(self.path / name) for name in ("vocab.txt", "chars.txt")]
        model = build_model(config, np.zeros((len(vocabularies[0]), config.data.word_dim), np.float32),
                            len(vocabularies[1]))  # fmt: skip
        try:
            model.load_weights(self.weights)
        except (OSError, ValueError, KeyError, RuntimeError) as error:  # h5py's, of a damaged file
            raise UserError(f"{self.weights}: cannot load these weights; train the run again.") from error
        return model


@functools.cache
def _warn_of_change(path: Path, plugin: str) -> None:
    logger.warning("%s: the plugin %r has changed since this run was trained", path, plugin)


def _weights_of(teachers: Sequence[TeacherSource]) -> list[str]:
    return [file_sha256(teacher.weights) for teacher in teachers]


def last_finished(folder: Path, *patterns: str) -> RunFolder | None:
    """The run trained last, of the finished runs whose paths below ``folder`` match one of the patterns."""
    finished = [
        RunFolder(path.parent) for pattern in patterns for path in folder.glob(f"{pattern}/result.json")
    ]
    # The age of ``metrics.jsonl`` counts, which only training writes; evaluations rewrite ``result.json``.
    return max(finished, key=lambda run: run.metrics.stat().st_mtime, default=None)


def build_model(config: Config, embeddings: np.ndarray, char_count: int) -> tf.keras.Model:
    """The model that ``config.model`` names; it learns its word vectors if there is no GloVe."""
    row = MODELS[config.model]
    return row.build(config.options_of(config.model), embeddings, char_count, config.glove == "none")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that the results depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue  # only one of tensorflow and tensorflow-cpu is installed
    return found


def read_json(path: Path, remedy: str = "") -> dict[str, Any] | None:
    """The JSON object in a file; None if there is no file.

    Args:
        remedy: what the error tells the user to do; by default, to remove the folder and train again.

    Raises:
        UserError: the file cannot be read, or is not a JSON object.
    """
    remedy = remedy or f"remove {path.parent} and train again"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read; {remedy}.") from error
    if not isinstance(found, dict):
        raise UserError(f"{path}: damaged, not a JSON object; {remedy}.")
    return found


def difference(found: dict[str, Any], wanted: dict[str, Any], most: int = 3) -> str:
    """Which values of two identities differ, as ``training.epochs is 6 there and 8 now``."""
    there, now = (dict(items_of(identity)) for identity in (found, wanted))
    keys = [key for key in {**there, **now} if there.get(key) != now.get(key)]
    shown = [f"{key} is {_brief(there.get(key))} there and {_brief(now.get(key))} now" for key in keys[:most]]
    return "; ".join(shown) + (f"; and {len(keys) - most} more" if len(keys) > most else "")


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def write_text(path: Path, text: str) -> None:
    """Write a file whole, or not at all."""
    with atomic_file(path, "wb") as file:
        file.write(text.encode("utf-8"))
