"""Measures how close a student's gradients by the words come to its teacher's, with and without ``gradient``.

    .venv/bin/python -m benchmarks.gradients_learned --students=add,add_grad,add_grad:0.1 --runs_dir=runs

Takes students of the demo corpus by recipe, with the paper's weight of the term or the weight after the
colon, and trains them if ``runs_dir`` lacks them. Their term compares gradients of log p of the true edges;
the benchmark compares these on the training and the test split. The distance of a student without any
gradient would be the squared norm of the teacher's. The last line is JSON.
"""

from __future__ import annotations

import json
from typing import Any, Iterator

import numpy as np
import tensorflow as tf
from absl import app, flags
from rich.table import Table

from holle_tf.config import Config
from holle_tf.config_sources import load_config, preset
from holle_tf.distill.distiller import online_teacher
from holle_tf.distill.gradient_distance import squared_distance
from holle_tf.distill.input_gradients import InputGradients, gradient_targets, input_gradients
from holle_tf.drawing.terminal_table import print_table
from holle_tf.runs.data import open_data
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.system.console_logging import configure_console
from holle_tf.training.distillation import find_or_train_teachers, student_of_teachers
from holle_tf.training.train import ensure_run
from pipelines.dataset import make_dataset
from pipelines.prepare import PreparedData

_STUDENTS = flags.DEFINE_list(
    "students", ["add", "add_grad", "add_grad:0.1"], "recipes, each with an optional weight of the gradients"
)
_TEACHER = flags.DEFINE_enum("teacher", "qanet", ["bidaf", "qanet"], "teacher of all students")
_EXAMPLES = flags.DEFINE_integer("examples", 384, "examples of each split", lower_bound=1)
_RUNS_DIR = flags.DEFINE_string("runs_dir", "runs", "folder of data and runs")
_SET = flags.DEFINE_multi_string("set", [], "options of the configuration, as for holle_tf.main")

SPLITS = ("train", "test")
BATCH = 32


def student(name: str) -> tuple[Config, PreparedData, RunFolder, RunFolder]:
    """Configuration, data, teacher and run of one of ``--students``."""
    recipe, _, weight = name.partition(":")
    given = {"model": "sam", "runs_dir": _RUNS_DIR.value, "recipe": recipe, "teacher": _TEACHER.value}
    assignments = [
        "distill.gradient_mode=label",
        *_SET.value,
        *([f"distill.gradient_weight={weight}"] if weight else []),
    ]
    config = student_of_teachers(load_config([preset("demo")], assignments, given), None)
    prepared = open_data(config)
    teachers = find_or_train_teachers(config, prepared, None)
    teacher = teachers[0]
    assert isinstance(teacher, RunFolder)
    return config, prepared, teacher, ensure_run(config, prepared, teachers=teachers)


def gradients(
    config: Config, prepared: PreparedData, runs: list[RunFolder], split: str
) -> Iterator[list[InputGradients]]:
    """The gradients of each run, batch by batch."""
    models = [RunOnData(run, prepared, config).load_model() for run in runs]
    readers = [online_teacher(model).read for model in models]
    inputs = sorted({name for model in models for name in model.input} | {"question"})
    batches = make_dataset(prepared, split, inputs=inputs, batch_size=BATCH, limit=_EXAMPLES.value)
    for features, labels in batches:
        targets = gradient_targets(labels, config.distill, tf.constant([0, 0]))
        yield [input_gradients(read, features, targets) for read in readers if read is not None]


def agreement(batches: Iterator[list[InputGradients]]) -> dict[str, dict[str, float]]:
    """Squared norms, squared distance and cosine of a student's and its teacher's gradients.

    Args:
        batches: gradients of teacher and student.

    Returns:
        Mean, median and 95th percentile over examples.
    """
    found: dict[str, list[np.ndarray]] = {name: [] for name in ("teacher", "student", "distance", "cosine")}
    for teacher, own in batches:
        nothing = InputGradients(*(tf.zeros_like(text) for text in teacher))
        norms = [squared_distance(of_model, nothing, normalised=False).numpy() for of_model in (teacher, own)]
        distance = squared_distance(own, teacher, normalised=False).numpy()  # (batch,)
        product = (norms[0] + norms[1] - distance) / 2.0
        cosine = product / np.sqrt(np.maximum(norms[0] * norms[1], np.finfo(np.float32).tiny))
        for name, values in zip(found, (*norms, distance, cosine)):
            found[name].append(values)
    summary = {}
    for name, batches_of in found.items():
        values = np.concatenate(batches_of)
        median, high = np.quantile(values, [0.5, 0.95])
        summary[name] = {"mean": float(values.mean()), "median": float(median), "95 %": float(high)}
    return summary


def main(_: list[str]) -> None:
    configure_console()
    report: dict[str, Any] = {"examples": _EXAMPLES.value, "teacher": _TEACHER.value, "students": {}}
    for name in _STUDENTS.value:
        config, prepared, teacher, run = student(name)
        report["students"][name] = {
            split: agreement(gradients(config, prepared, [teacher, run], split)) for split in SPLITS
        }
    table = Table("student", "split", "teacher, squared norm", "student, squared norm", "distance", "cosine")
    for name, of_split in report["students"].items():
        for split, found in of_split.items():
            table.add_row(name, split, *(f"{value['mean']:.2f}" for value in found.values()))
    print_table(table)
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
