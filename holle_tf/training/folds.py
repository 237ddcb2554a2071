"""Out-of-fold teachers: each is trained without a fold of the training data, and scores that fold."""

from __future__ import annotations

from typing import Optional, Sequence

import numpy as np

from holle_tf.config import Config
from holle_tf.options.distill import all_folds, parse_fold
from holle_tf.runs.data import open_data
from holle_tf.runs.run_folder import RunFolder, TeacherSource
from holle_tf.training.setup import with_teacher_setup
from pipelines.errors import UserError
from pipelines.folds import folds_of_examples
from pipelines.prepare import PreparedData


def taken_examples(config: Config, prepared: PreparedData) -> Optional[np.ndarray]:
    """Which training examples a run is trained on: bool (examples,); None = all of them.

    Raises:
        UserError: there are too few documents for the folds, see ``folds_of_examples``.
    """
    if not config.fold:
        return None
    fold = parse_fold(config.fold)
    return np.not_equal(folds_of_examples(prepared, fold.of), fold.number)


def by_teacher(runs: Sequence[TeacherSource], folds: int) -> list[list[TeacherSource]]:
    """The runs of each teacher, which are as many as there are folds, in the order of the folds.

    Raises:
        UserError: ``runs`` are not those of the folds.
    """
    if folds == 1:
        return [[run] for run in runs]
    teachers = [list(runs[first : first + folds]) for first in range(0, len(runs), folds)]
    for teacher in teachers:
        if [(run.identity() or {}).get("fold") for run in teacher] != all_folds(folds):
            raise UserError(
                f"distill.folds={folds}: {teacher[0].path} is not the first of so many runs, each trained"
                " without another fold; let --teacher train them."
            )
    return teachers


def fold_of_each_example(config: Config, prepared: PreparedData, runs: Sequence[RunFolder]) -> np.ndarray:
    """Which of a teacher's runs has not seen an example's document: int64 (training examples,), from 0.

    Args:
        config: of the student.
        prepared: the data of the student; its teachers may have been trained on another setup of them.
        runs: one for each fold.
    """
    trained_on = prepared
    if (runs[0].identity() or {}).get("data") != prepared.fingerprint:
        trained_on = open_data(with_teacher_setup(config))
    return folds_of_examples(prepared, len(runs), assigned_in=trained_on) - 1


def without_fold(run: TeacherSource) -> str:
    """What the name of a teacher ends in if it was trained without a fold; otherwise empty."""
    fold = (run.identity() or {}).get("fold")
    return f" without fold {fold}" if fold else ""
