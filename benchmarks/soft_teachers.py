"""Measures whether a teacher that is less sure of the training data teaches its student more.

    .venv/bin/python -m benchmarks.soft_teachers --runs_dir=runs

On the demo corpus a QANeT is made less sure in several ways. A student learns from each by equation (1), or
from the mean of two by the recipe ``add_ensemble``. Beside them are two students without a teacher, of the
labels alone and of labels that count twice. For each teacher the table has how sure and how right its scores
of the training data are (averaged over start and end, and over two teachers), its own test F1, since these
ways change how good it is too, and test F1 of its student minus that of the students without one, with
paired bootstrap intervals over test examples and seeds. All runs are kept in ``--runs_dir``, so that the same
command continues after an interruption. The last line is JSON.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NamedTuple, Sequence

import numpy as np
from absl import app, flags
from rich.table import Table

from benchmarks.markdown import with_interval
from benchmarks.paired import f1_on_test
from holle_tf.config_sources import load_config, preset
from holle_tf.drawing.terminal_table import print_table
from holle_tf.evaluate.statistics import paired_bootstrap
from holle_tf.runs.data import open_data
from holle_tf.runs.run_folder import RunFolder, TeacherSource
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.system.console_logging import configure_console
from holle_tf.training.distillation import find_or_train_teachers, student_of_teachers, with_recipe
from holle_tf.training.train import ensure_run

_MODEL = flags.DEFINE_enum("model", "sam_match", ["sam", "sam_match"], "the student")
_SEEDS = flags.DEFINE_integer("seeds", 1, "seeds of the students, from 0", lower_bound=1)
_RUNS_DIR = flags.DEFINE_string("runs_dir", "runs", "folder of data and runs")
_SET = flags.DEFINE_multi_string("set", [], "another option for all runs, as for holle_tf.main")

RESAMPLES = 10_000
MEASURES = ("maximum", "entropy", "nll", "accuracy", "ece")
OWN_F1 = "f1"  # of the teacher, on test


class Row(NamedTuple):
    """A student: what its teacher is, the options that make it so, its recipe and its teachers."""

    title: str
    options: Sequence[str] = ()
    recipe: str = "add"
    teacher: str = "qanet"


ALONE, TWICE = "labels alone", "labels that count twice"
ROWS = (
    Row(ALONE, recipe="add_train", teacher=""),
    Row(TWICE, recipe="add_twice", teacher=""),
    Row("as it is"),
    Row("calibrated on dev", ["distill.calibrate=true"]),
    Row("stopped by NLL", ["training.qanet.best_by=nll"]),
    Row("dropout of 0.1", ["qanet.dropout=0.1"]),
    Row("two seeds", recipe="add_ensemble", teacher="qanet,qanet"),
)


def train(row: Row, seed: int) -> tuple[RunOnData, list[RunOnData]]:
    """The student of a row and its teachers, trained unless they are there.

    Students of all seeds share their teachers.
    """
    given = {"model": _MODEL.value, "recipe": row.recipe, "teacher": row.teacher, "seed": seed}
    alone = ["distill.compare_alone=false", "distill.also_student=none"]
    config = load_config(
        [preset("demo")],
        [*alone, *row.options, *_SET.value],
        {**given, "runs_dir": _RUNS_DIR.value},
    )
    prepared = open_data(config)
    teachers: list[TeacherSource] = []
    if row.teacher:
        config = student_of_teachers(config, None)
        teachers = find_or_train_teachers(replace(config, seed=0), prepared, None)
    else:
        config = with_recipe(config, "_train")
    student = RunOnData(ensure_run(config, prepared, teachers=teachers), prepared, config)
    runs = [teacher for teacher in teachers if isinstance(teacher, RunFolder)]
    return student, [RunOnData(teacher, prepared, config) for teacher in runs]


def said_by_teachers(run_on_data: RunOnData) -> dict[str, float]:
    """How sure and right the teachers are on the training data, their mean; empty without one."""
    each = (run_on_data.run.result() or {}).get("teacher_scores", [])
    return {name: float(np.mean([scores[name] for scores in each])) for name in MEASURES} if each else {}


def main(_: Sequence[str]) -> None:
    configure_console()
    f1, said = {}, {}
    for row in ROWS:
        students, teachers = zip(*(train(row, seed) for seed in range(_SEEDS.value)))
        f1[row.title] = np.array([f1_on_test(run) for run in students])  # (seeds, test examples)
        said[row.title] = said_by_teachers(students[0])
        if row.teacher:
            own = [np.mean(f1_on_test(teacher)) for teacher in teachers[0]]
            said[row.title][OWN_F1] = float(np.mean(own))
    report: dict[str, Any] = {"model": _MODEL.value, "seeds": _SEEDS.value, "rows": {}}
    for title, values in f1.items():
        others = [other for other in (ALONE, TWICE) if said[title]]  # students of a teacher
        report["rows"][title] = {
            "f1": values.mean(axis=1).tolist(),
            "teacher": said[title],
            "minus": {other: paired_bootstrap(values, f1[other], RESAMPLES)._asdict() for other in others},
        }
    table = Table("QANeT", *MEASURES, "its F1", "student's F1", "minus alone", "minus labels x 2")
    for title, found in report["rows"].items():
        shown = (with_interval(found["minus"].get(other)) for other in (ALONE, TWICE))
        names = (*MEASURES, OWN_F1)
        of_teacher = (f"{found['teacher'][name]:.2f}" if found["teacher"] else "" for name in names)
        table.add_row(title, *of_teacher, ", ".join(f"{value:.1f}" for value in found["f1"]), *shown)
    print_table(table)
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
