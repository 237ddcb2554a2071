"""The scores of a file, as a training takes them of a teacher."""

from __future__ import annotations

import functools
from typing import Optional

import numpy as np

from holle_tf.config import Config
from holle_tf.distill.teacher_cache import Readers, read_teacher_cache
from holle_tf.runs.score_teacher import ScoreTeacher
from holle_tf.training.teacher_scores import CachedScores, dev_temperature, divided
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

    def scores(
        self, prepared: PreparedData, split: str, name: str, first: Optional[int] = None
    ) -> tuple[CachedScores, Optional[np.ndarray]]:
        """Scores of a split or of its first examples, divided by the temperature, and which there are.

        Args:
            prepared: the data of the student, or a pool beside them.
            name: see ``read_teacher_cache``.

        Returns:
            The scores, and bool (examples,), None if the file has them all.
        """
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


def scored(examples: int, missing: list[int]) -> Optional[np.ndarray]:
    """Which examples have scores, bool (examples,); None if all have."""
    if not missing:
        return None
    found = np.ones(examples, bool)
    found[missing] = False
    return found
