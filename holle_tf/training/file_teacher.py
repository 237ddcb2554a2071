"""The scores of a file, as a training takes them of a teacher."""

from __future__ import annotations

import functools
from typing import Any, Optional

import numpy as np
import tensorflow as tf

from holle_tf.config import Config
from holle_tf.distill.teacher_cache import Readers, read_teacher_cache
from holle_tf.runs.score_teacher import ScoreTeacher
from holle_tf.training.teacher_scores import CachedScores, dev_temperature, divided, quality_of_scores
from pipelines.pool import POOL, Pool
from pipelines.prepare import PreparedData


class FileTeacher:
    """What ``read_teachers`` needs of a file of scores.

    Attributes:
        title: for people.
    """

    def __init__(
        self, config: Config, prepared: PreparedData, teacher: ScoreTeacher, title: str, readers: Readers
    ):
        self.title = title
        self._config, self._prepared, self._teacher, self._readers = config, prepared, teacher, readers

    @functools.cached_property
    def temperature(self) -> float:
        """See ``dev_temperature``; 1 without calibration. Then the file needs scores of dev."""
        if not self._config.distill.calibrate:
            return 1.0
        size = self._config.evaluation.batch_size
        folder, coverage = self._teacher.cached(self._prepared, "dev", size, 0, self._readers)
        scores = read_teacher_cache(folder, "teacher")
        taken = scored(coverage.examples, coverage.missing)
        return dev_temperature(
            folder, scores, "teacher", self._prepared, size, self.title, self._readers, taken
        )

    def of_train_and_pool(
        self, name: str, pool: Optional[Pool]
    ) -> tuple[tf.data.Dataset, np.ndarray, dict[str, Any]]:
        """What a student learns from.

        Args:
            name: see ``read_teacher_cache``.
            pool: examples without labels that the student trains on too.

        Returns:
            The scores of the training data, then of the pool; which of these examples have scores, bool
            (examples,); and what ``quality_of_scores`` says of those of the training data.
        """
        found, there = self._scores(self._prepared, "train", name)
        size = self._config.evaluation.batch_size
        quality = quality_of_scores(found, name, self._prepared, size, self.title, self._readers, there)
        dataset, have = found.dataset, _all_if_none(there, self._prepared.count("train"))
        if pool is not None:
            more, there = self._scores(pool.prepared, POOL, name, pool.examples)
            dataset = dataset.concatenate(more.dataset)
            have = np.concatenate([have, _all_if_none(there, pool.examples)])
        return dataset, have, quality

    def _scores(
        self, prepared: PreparedData, split: str, name: str, first: Optional[int] = None
    ) -> tuple[CachedScores, Optional[np.ndarray]]:
        """Scores of a split or of its first examples, divided by the temperature, and which there are."""
        options = self._config.distill
        size = self._config.evaluation.batch_size
        folder, coverage = self._teacher.cached(
            prepared, split, size, options.cache_top_k, self._readers, first
        )
        found = read_teacher_cache(folder, name)
        if first is not None:
            found = found.take(first)
        cached = CachedScores([folder], divided(found, self.temperature), [self.temperature])
        return cached, scored(coverage.examples, coverage.missing)


def _all_if_none(there: Optional[np.ndarray], examples: int) -> np.ndarray:
    return np.ones(examples, dtype=bool) if there is None else there


def scored(examples: int, missing: list[int]) -> Optional[np.ndarray]:
    """Which examples have scores, bool (examples,); None if all have."""
    if not missing:
        return None
    found = np.ones(examples, bool)
    found[missing] = False
    return found
