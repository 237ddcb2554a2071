"""Finished runs as the teachers of a training: their scores, cached or computed at each step."""

from __future__ import annotations

import functools
from typing import NamedTuple, Optional, Sequence

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
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.training.folds import by_teacher, fold_of_each_example, without_fold
from pipelines.encoding import EncodedExample
from pipelines.errors import UserError
from pipelines.prepare import PreparedData


class Teaching(NamedTuple):
    """What a training needs of its teachers.

    Attributes:
        teachers: one for each run.
        scores: their cached scores, for ``make_dataset(extra=...)``; None if there are none.
        inputs: names of the features that the student and the teachers read in training.
        views: name of a teacher -> its view of a few examples.
    """

    teachers: list[Teacher]
    scores: Optional[tf.data.Dataset]
    inputs: list[str]
    views: dict[str, View]


def read_teachers(
    config: Config,
    prepared: PreparedData,
    runs: Sequence[RunFolder],
    terms: Sequence[str],
    shown: Sequence[EncodedExample],
    readers: Readers = ALONE,
) -> Teaching:
    """What a student's teachers say about its training data, computed now or found in their caches.

    A teacher is loaded only if its cache does not have everything.

    Args:
        config: of the student.
        runs: finished runs, of each teacher as many as ``distill.folds``; empty for a student that learns
            from the labels alone.
        terms: names of the terms that the student minimises.
        shown: examples to view.
        readers: the processes that call this at the same time.

    Raises:
        UserError: a run cannot read these data, or a term needs what a teacher does not have.
    """
    inputs = set(config.inputs_of(config.model))
    teachers, caches, views = [], [], {}
    wanted, options = needs(terms), config.distill
    of_folds = by_teacher(runs, options.folds)
    for i, (run, *others) in enumerate(of_folds):
        run_on_data = RunOnData(run, prepared, config)
        run_on_data.check()
        load = functools.cache(run_on_data.load_model)  # not called if the cache has everything
        if shown:
            number = f" {i + 1}" if len(of_folds) > 1 else ""
            name = f"{run.config().model} (teacher{number}{without_fold(run)})"
            views[name] = view(load(), shown, config.evaluation.max_span)
        if others:  # ``distill_options`` has checked that no term needs more than cached scores
            caches.append(_out_of_fold_scores(config, prepared, of_folds[i], f"teacher_{i}", readers))
            teachers.append(cached_teacher(f"teacher_{i}", None))
            continue
        if "reader" in wanted or not options.cache_teacher:
            inputs.update(load().input)
        if not options.cache_teacher:
            teachers.append(online_teacher(load()))
            continue
        size = config.evaluation.batch_size
        folder = ensure_teacher_cache(
            load, run.weights, prepared, "train", size, run_on_data.chunks, options.cache_top_k, readers
        )
        caches.append(read_teacher_cache(folder, f"teacher_{i}"))
        teachers.append(cached_teacher(f"teacher_{i}", load() if "reader" in wanted else None))
    if "projection" in wanted and not all(teacher.vector_size for teacher in teachers):
        raise UserError(NO_VECTOR)
    if not caches:
        return Teaching(teachers, None, sorted(inputs), views)
    joined = tf.data.Dataset.zip(tuple(caches)).map(
        lambda *scores: {name: value for cached in scores for name, value in cached.items()}
    )
    return Teaching(teachers, joined, sorted(inputs), views)


def _out_of_fold_scores(
    config: Config, prepared: PreparedData, runs: Sequence[RunFolder], name: str, readers: Readers
) -> tf.data.Dataset:
    """The scores of each example by the run that was trained without its fold, in record order."""
    folds = fold_of_each_example(config, prepared, runs)
    scores = []
    for fold, run in enumerate(runs):
        run_on_data = RunOnData(run, prepared, config)
        run_on_data.check()
        folder = ensure_teacher_cache(
            run_on_data.load_model,
            run.weights,
            prepared,
            "train",
            config.evaluation.batch_size,
            run_on_data.chunks,
            config.distill.cache_top_k,
            readers,
            taken=np.equal(folds, fold),
        )
        scores.append(read_teacher_cache(folder, name))
    return scores_by_fold(scores, folds)
