"""What is found out about a teacher's cached scores: its temperature on dev, and how sure and right it is.

Both are computed once for each cache and kept in a file beside its manifest.
"""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from statistics import fmean
from typing import Any, Callable, Mapping, NamedTuple, Optional

import numpy as np
import tensorflow as tf

from holle_tf.distill.teacher_cache import ALONE, UNKNOWN, Readers
from holle_tf.evaluate.calibration import best_temperature, score_quality, scored_labels
from holle_tf.runs.run_folder import read_json, write_text
from pipelines.prepare import PreparedData

logger = logging.getLogger(__name__)

TEMPERATURE, QUALITY = "temperature.json", "quality.json"


class CachedScores(NamedTuple):
    """A teacher's scores of a split.

    Attributes:
        folders: of its caches; with folds, one for each.
        dataset: the scores as ``read_teacher_cache`` returns, ``divided`` by the temperatures.
        temperatures: one for each cache; 1 without calibration.
    """

    folders: list[Path]
    dataset: tf.data.Dataset
    temperatures: list[float]


def divided(scores: tf.data.Dataset, temperature: float) -> tf.data.Dataset:
    """Scores as ``read_teacher_cache`` returns, with their logits divided by a temperature."""
    if temperature == 1.0:
        return scores

    def divide(row: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {
            name: tf.where(value > UNKNOWN, value / temperature, UNKNOWN)
            if name.endswith("_logits")
            else value
            for name, value in row.items()
        }

    return scores.map(divide)


def dev_temperature(
    folder: Path,
    scores: tf.data.Dataset,
    name: str,
    prepared: PreparedData,
    batch_size: int,
    title: str = "teacher",
    readers: Readers = ALONE,
    taken: Optional[np.ndarray] = None,
) -> float:
    """The temperature at which the labels of dev are most likely under a teacher.

    Args:
        folder: where it is kept; that of the teacher's cache of dev, with all positions.
        scores: of dev, as ``read_teacher_cache(..., name)`` returns.
        prepared: the data of the student.
        title: of the teacher, for the log.
        readers: the processes that call this at the same time.
        taken: which examples have scores, bool (examples,); None = all.
    """

    def compute() -> dict[str, Any]:
        return best_temperature(scored_labels(prepared, "dev", scores, name, batch_size, taken))._asdict()

    found = _kept(folder / TEMPERATURE, {}, compute, readers)
    temperature = float(found["temperature"])
    logger.info(
        f"{title}: temperature {temperature:.2f} on dev,"
        f" NLL {found['nll_before']:.2f} -> {found['nll_after']:.2f}"
    )
    return temperature


def quality_of_scores(
    scores: CachedScores,
    name: str,
    prepared: PreparedData,
    batch_size: int,
    title: str = "teacher",
    readers: Readers = ALONE,
    taken: Optional[np.ndarray] = None,
) -> dict[str, Any]:
    """``ScoreQuality`` of what a student learns from: a teacher's scores on train.

    It is kept in the first folder of ``scores``.

    Args:
        scores: of train.
        name: see ``read_teacher_cache``.
        prepared: the data of the student.
        title: of the teacher, for the log.
        readers: the processes that call this at the same time.
        taken: which examples have scores, bool (examples,); None = all.

    Returns:
        The attributes of ``ScoreQuality`` by name, None in place of nan, with the ``temperature``, which is
        the mean over folds.
    """

    def compute() -> dict[str, Any]:
        labels = scored_labels(prepared, "train", scores.dataset, name, batch_size, taken)
        found = score_quality(labels)
        return {key: None if math.isnan(value) else value for key, value in found._asdict().items()}

    plain = all(temperature == 1.0 for temperature in scores.temperatures)
    file = QUALITY if plain else f"calibrated-{QUALITY}"
    key: dict[str, Any] = {"temperature": fmean(scores.temperatures)}
    if len(scores.folders) > 1:
        file = f"folds-{file}"
        key["folds"] = [folder.name for folder in scores.folders]
    found = _kept(scores.folders[0] / file, key, compute, readers)
    found.pop("folds", None)
    nll = "-" if found["nll"] is None else f"{found['nll']:.2f}"
    if found["labels_kept"] < 1:
        nll += f" (of the {100 * found['labels_kept']:.1f} % of labels that are kept)"
    logger.info(
        f"{title}'s scores on train: mean maximum {found['maximum']:.2f},"
        f" entropy {found['entropy']:.2f} nats, NLL {nll},"
        f" accuracy {found['accuracy']:.2f}, ECE {found['ece']:.2f}"
    )
    return found


def _kept(
    path: Path, key: Mapping[str, Any], compute: Callable[[], dict[str, Any]], readers: Readers
) -> dict[str, Any]:
    """``key`` and the result of ``compute``, kept in a file; the first of several processes computes it."""
    remedy = f"remove {path}"
    if readers.number == 0:
        found = read_json(path, remedy) or {}
        if not found or any(found.get(name) != value for name, value in key.items()):
            write_text(path, json.dumps({**key, **compute()}, indent=1))
    readers.barrier()
    content = read_json(path, remedy)
    assert content is not None, path
    return content
