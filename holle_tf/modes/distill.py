"""``--mode=distill``: a student that learns from teachers, beside a student without them."""

from __future__ import annotations

import json
import logging
import shlex
from functools import partial
from pathlib import Path
from typing import Any, Optional, Sequence

from holle_tf.catalogue import title_of
from holle_tf.config import Config
from holle_tf.drawing.terminal_table import print_table, scores_table
from holle_tf.modes.chosen_devices import on_chosen_devices
from holle_tf.options.distill import number_repeats, teacher_title
from holle_tf.runs.evaluation import baseline_rows, ensure_scores, run_row
from holle_tf.runs.pictures import draw_pictures
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.runs.score_evaluation import evaluate_score_file
from holle_tf.runs.score_teacher import ScoreTeacher
from holle_tf.system.devices import Devices
from holle_tf.training.distillation import (
    also_student,
    prepare_distillation,
    student_alone,
    student_of_teachers,
)
from holle_tf.training.folds import without_fold
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError
from pipelines.options import WINDOWS
from pipelines.prepare import PreparedData

logger = logging.getLogger(__name__)


def distill_mode(
    config: Config, run_dir: Optional[str] = None, teacher_run: Optional[Sequence[str]] = None
) -> None:
    """Train or find the teachers, a student without them and a student that learns from them; compare all.

    The same is done for ``distill.also_student``, if it names another student. The last line is JSON.

    Args:
        run_dir: run folder of the student; by default one that is named after the run.
        teacher_run: run folders of trained teachers; by default those of ``config.teacher`` are found or
            trained.

    Raises:
        UserError: the recipe does not fit the teachers; or see ``ensure_run``.
    """
    on_chosen_devices(config.strategy, partial(_distill, config, run_dir, teacher_run))


def _distill(
    config: Config, run_dir: Optional[str], teacher_runs: Optional[Sequence[str]], devices: Devices
) -> None:
    also_student(student_of_teachers(config, teacher_runs))  # fails now, not after hours of training
    config, prepared, teachers, devices = prepare_distillation(config, teacher_runs, devices)
    rows: dict[str, dict[str, Any]] = {}
    runs_on_data: dict[str, RunOnData] = {}

    def show(name: str, label: str, run: RunFolder) -> None:
        if not devices.chief:
            return
        runs_on_data[name] = RunOnData(run, prepared, config)
        ensure_scores(runs_on_data[name], "test")
        rows[name] = run_row(runs_on_data[name], label, "test")

    def train(own: Config, path: Optional[Path], prefix: str) -> RunFolder:
        title = title_of(own.model)
        if own.distill.compare_alone:
            without = "a teacher, and so without the pool" if own.distill.pool else "a teacher"
            logger.info(f"== {title} without {without}, for comparison")
            show(
                f"{prefix}alone", f"{title} alone", ensure_run(student_alone(own), prepared, devices=devices)
            )
        logger.info(f"== {title} distilled from {_titles(own)}, recipe {own.recipe}")
        distilled = ensure_run(own, prepared, path, teachers, devices=devices)
        recipe = "" if own.recipe == own.interaction else f" ({own.recipe})"
        show(f"{prefix}distilled", f"{title} from {_titles(own)}{recipe}", distilled)
        return distilled

    # The other one first: modes that look for the newest student then find the one that was asked for.
    also, other = also_student(config), None
    if also is not None:
        other = train(also, None, f"{also.model} ")
    of_other = list(rows)
    student = train(config, Path(run_dir) if run_dir else None, "")
    if not devices.chief:
        return
    for name in of_other:  # shown behind it
        rows[name], runs_on_data[name] = rows.pop(name), runs_on_data.pop(name)
    for name, teacher in zip(_distinct(config.teachers), teachers[:: config.distill.folds]):
        if isinstance(teacher, ScoreTeacher):
            rows[name] = _row_of_file(teacher, prepared, config)
            continue
        assert isinstance(teacher, RunFolder)
        how = "teacher of windows" if teacher.config().data.setup == WINDOWS else "teacher"
        in_chunks = RunOnData(teacher, prepared, config).in_chunks
        show(name, f"{name} ({how}{without_fold(teacher)}{', in chunks' if in_chunks else ''})", teacher)
    rows = {name: row for name, row in rows.items() if row}
    pictures = draw_pictures(runs_on_data, student.path / "figures", prepared)
    print_table(
        scores_table([*baseline_rows(prepared, "test", config.seed), *rows.values()]),
        f"test, {config.data.setup}",
    )
    print("student:     ", student.path)
    print("pictures:    ", ", ".join(str(picture) for picture in pictures))
    print("curves:      ", f"tensorboard --logdir {student.path.parent}")
    path = shlex.quote(str(student.path))
    print("try it:      ", f"python -m holle_tf.main --mode=predict --run_dir={path}")
    paths = [str(teacher.path) for teacher in teachers]
    teacher_paths: dict[str, Any] = {"teacher": paths[0]} if len(paths) == 1 else {"teachers": paths}
    found = {"student": str(student.path), **({"also_student": str(other.path)} if other else {})}
    print(json.dumps({**found, **teacher_paths, "scores": [*rows.values()]}))


def _titles(config: Config) -> str:
    return ",".join(map(teacher_title, config.teachers))


def _row_of_file(teacher: ScoreTeacher, prepared: PreparedData, config: Config) -> dict[str, Any]:
    """The row of a file of scores; empty if it does not score the test split."""
    try:
        return evaluate_score_file(teacher, prepared, "test", config).row
    except UserError as error:  # it need not score more than the student learns from
        logger.info(f"== {teacher_title(teacher.kind)} is not in the table: {error}")
        return {}


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, with a number after each that occurs more than once."""
    return [
        name if names.count(name) == 1 else f"{name} {before + 1}" for name, before in number_repeats(names)
    ]
