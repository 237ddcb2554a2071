"""Finished runs as the teachers of a training: what they say of its examples, cached or on line."""

from __future__ import annotations

import functools
from typing import NamedTuple, Optional, Sequence

import tensorflow as tf

from holle_tf.board.example_views import View, view
from holle_tf.catalogue import MODELS
from holle_tf.config import Config
from holle_tf.distill.distiller import Teacher, cached_teacher, online_teacher
from holle_tf.distill.teacher_cache import ALONE, Readers, ensure_teacher_cache, read_teacher_cache
from holle_tf.distill.terms import needs
from holle_tf.runs.identity import NO_VECTOR
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData
from pipelines.encoding import EncodedExample
from pipelines.errors import UserError
from pipelines.prepare import PreparedData


class Teaching(NamedTuple):
    """What a training has of its teachers.

    Attributes:
        teachers: one for each run.
        scores: their cached scores, for ``make_dataset(extra=...)``; None if there are none.
        inputs: all that student and teachers read in training.
        views: what the teachers say of a few examples, by name.
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
    """What a student's teachers say of its training data: computed, or found, and they are loaded if need be.

    Args:
        config: of the student.
        runs: finished; none of a student that learns from labels alone.
        terms: that the student is to minimise.
        shown: examples to view.
        readers: who else calls this at the same time.

    Raises:
        UserError: a run cannot read these data, or a term needs what a teacher has not.
    """
    inputs = set(MODELS[config.model].inputs)
    teachers, caches, views = [], [], {}
    wanted, options = needs(terms), config.distill
    for i, run in enumerate(runs):
        run_on_data = RunOnData(run, prepared, config)
        run_on_data.check()
        load = functools.cache(run_on_data.load_model)  # not at all where the cache has all that is wanted
        if shown:
            name = f"{run.config().model} (teacher{f' {i + 1}' if len(runs) > 1 else ''})"
            views[name] = view(load(), shown, config.evaluation.max_span)
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
        lambda *each: {k: v for one in each for k, v in one.items()}
    )
    return Teaching(teachers, joined, sorted(inputs), views)
