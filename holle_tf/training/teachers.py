"""Finished runs as the teachers of a training: their scores, cached or computed at each step."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, NamedTuple, Optional, Sequence

import numpy as np
import tensorflow as tf

from holle_tf.board.example_views import View, view
from holle_tf.config import Config
from holle_tf.distill.distiller import Teacher, cached_teacher, online_teacher
from holle_tf.distill.teacher_cache import (
    ALONE,
    Readers,
    ensure_teacher_cache,
    read_teacher_cache,
    scores_by_fold,
)
from holle_tf.distill.terms import needs
from holle_tf.runs.identity import NO_VECTOR
from holle_tf.runs.run_folder import RunFolder, TeacherSource
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.runs.score_teacher import ScoreTeacher
from holle_tf.training.file_teacher import FileTeacher
from holle_tf.training.folds import by_teacher, fold_of_each_example, without_fold
from holle_tf.training.teacher_scores import CachedScores, dev_temperature, divided, quality_of_scores
from pipelines.encoding import EncodedExample
from pipelines.errors import UserError
from pipelines.pool import POOL, Pool
from pipelines.prepare import PreparedData


class Teaching(NamedTuple):
    """What a training needs of its teachers.

    Attributes:
        teachers: one for each teacher, which is a run or, with folds, one run for each fold.
        scores: their cached scores of the training data, then of the pool, for ``make_dataset(extra=...)``;
            None if there are none.
        inputs: names of the features that the student and the teachers read in training.
        views: name of a teacher -> its view of a few examples.
        qualities: what ``quality_of_scores`` says of each teacher whose scores are cached.
        scored: which training examples, then which of the pool, all teachers have scored, bool (examples,);
            None = all. Only a file of scores can lack some.
    """

    teachers: list[Teacher]
    scores: Optional[tf.data.Dataset]
    inputs: list[str]
    views: dict[str, View]
    qualities: list[dict[str, Any]]
    scored: Optional[np.ndarray] = None


def read_teachers(
    config: Config,
    prepared: PreparedData,
    runs: Sequence[TeacherSource],
    terms: Sequence[str],
    shown: Sequence[EncodedExample],
    readers: Readers = ALONE,
    pool: Optional[Pool] = None,
) -> Teaching:
    """What a student's teachers say about its training data and pool, computed now or found in their caches.

    A teacher is loaded only if its cache does not have everything.

    Args:
        config: of the student.
        runs: finished runs, the folds of each teacher together, or files of scores; empty for a student
            that learns from the labels alone.
        terms: names of the terms that the student minimises.
        shown: examples to view.
        readers: the processes that call this at the same time.
        pool: examples without labels that the student trains on too.

    Raises:
        UserError: a run cannot read these data, or a term needs what a teacher does not have.
    """
    inputs = set(config.inputs_of(config.model))
    teachers, caches, views, qualities = [], [], {}, []
    scored = np.ones(prepared.count("train") + (0 if pool is None else pool.examples), dtype=bool)
    wanted, options = needs(terms), config.distill
    of_folds = by_teacher(runs, options.folds)
    for i, each in enumerate(of_folds):
        number = f" {i + 1}" if len(of_folds) > 1 else ""
        source, name, title = each[0], f"teacher_{i}", f"teacher{number}"
        if isinstance(source, ScoreTeacher):
            of_file = FileTeacher(config, prepared, source, title, readers)
            dataset, there, quality = of_file.of_train_and_pool(name, pool)
            caches.append(dataset)
            qualities.append(quality)
            scored &= there
            teachers.append(cached_teacher(name, None, of_file.temperature))
            continue
        folds = [
            _Fold(config, prepared, run, f"teacher{number}{without_fold(run)}", readers)
            for run in each
            if isinstance(run, RunFolder)
        ]
        first = folds[0]
        if shown:
            views[f"{source.kind} ({first.title})"] = view(first.load(), shown, config.evaluation.max_span)
        if "reader" in wanted or not options.cache_teacher:
            inputs.update(first.load().input)
        if not options.cache_teacher:
            teachers.append(online_teacher(first.load(), first.temperature))
            continue
        scores = _scores_on_train(folds, name)
        qualities.append(
            quality_of_scores(scores, name, prepared, config.evaluation.batch_size, title, readers)
        )
        dataset = scores.dataset
        if pool is not None:
            dataset = dataset.concatenate(_scores_of_pool(folds, pool, name))
        caches.append(dataset)
        # ``distill_options`` has checked that with folds no term needs more than cached scores.
        reader = first.load() if "reader" in wanted else None
        teachers.append(cached_teacher(name, reader, first.temperature))
    if "projection" in wanted and not all(teacher.vector_size for teacher in teachers):
        raise UserError(NO_VECTOR)
    if not caches:
        return Teaching(teachers, None, sorted(inputs), views, qualities)
    joined = tf.data.Dataset.zip(tuple(caches)).map(
        lambda *scores: {name: value for cached in scores for name, value in cached.items()}
    )
    unscored = None if scored.all() else scored
    return Teaching(teachers, joined, sorted(inputs), views, qualities, unscored)


class _Fold:
    """A run that is a teacher, or the part of a teacher that was trained without a fold.

    Attributes:
        config: of the student.
        prepared: the data of the student.
        run: the finished run.
        title: for people.
        load: returns the model of the run; it is not called if the caches have everything.
    """

    def __init__(self, config: Config, prepared: PreparedData, run: RunFolder, title: str, readers: Readers):
        self.config, self.prepared, self.run, self.title = config, prepared, run, title
        self._readers = readers
        self._run_on_data = RunOnData(run, prepared, config)
        self._run_on_data.check()
        self.load = functools.cache(self._run_on_data.load_model)

    @functools.cached_property
    def temperature(self) -> float:
        """See ``dev_temperature``; 1 without calibration. The teacher reads dev unless that is cached."""
        if not self.config.distill.calibrate:
            return 1.0
        folder = self._cache(self.prepared, "dev", top_k=0)
        scores, size = read_teacher_cache(folder, "teacher"), self.config.evaluation.batch_size
        return dev_temperature(folder, scores, "teacher", self.prepared, size, self.title, self._readers)

    def scores(
        self,
        prepared: PreparedData,
        split: str,
        name: str,
        taken: Optional[np.ndarray] = None,
        first: Optional[int] = None,
    ) -> CachedScores:
        """Its scores of a split or of some of its examples, divided by its temperature.

        Long documents are read in chunks if the run was trained on short ones.

        Args:
            prepared: the data of the student, or a pool beside them.
            name: see ``read_teacher_cache``.
            taken, first: see ``ensure_teacher_cache``.
        """
        folder = self._cache(prepared, split, self.config.distill.cache_top_k, taken, first)
        scores = read_teacher_cache(folder, name)
        if first is not None:
            scores = scores.take(first)
        return CachedScores([folder], divided(scores, self.temperature), [self.temperature])

    def _cache(
        self,
        prepared: PreparedData,
        split: str,
        top_k: int,
        taken: Optional[np.ndarray] = None,
        first: Optional[int] = None,
    ) -> Path:
        size, chunks = self.config.evaluation.batch_size, self._run_on_data.chunks
        return ensure_teacher_cache(
            self.load, self.run.weights, prepared, split, size, chunks, top_k, self._readers, taken, first
        )


def _scores_on_train(folds: Sequence[_Fold], name: str) -> CachedScores:
    """The scores of each training example by the run that has not seen it, in record order."""
    first = folds[0]
    if len(folds) == 1:
        return first.scores(first.prepared, "train", name)
    place = fold_of_each_example(first.config, first.prepared, [fold.run for fold in folds])
    parts = [fold.scores(fold.prepared, "train", name, np.equal(place, i)) for i, fold in enumerate(folds)]
    return CachedScores(
        [folder for part in parts for folder in part.folders],
        scores_by_fold([part.dataset for part in parts], place),
        [temperature for part in parts for temperature in part.temperatures],
    )


def _scores_of_pool(folds: Sequence[_Fold], pool: Pool, name: str) -> tf.data.Dataset:
    """The scores of each example of a pool, which no run was trained on: with folds, the runs take turns."""
    if len(folds) == 1:
        return folds[0].scores(pool.prepared, POOL, name, first=pool.examples).dataset
    place = np.arange(pool.prepared.count(POOL)) % len(folds)
    parts = [fold.scores(pool.prepared, POOL, name, np.equal(place, i)) for i, fold in enumerate(folds)]
    return scores_by_fold([part.dataset for part in parts], place).take(pool.examples)
