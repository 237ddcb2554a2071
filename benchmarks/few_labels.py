"""Measures what a teacher adds where labels are few and further questions have none.

    .venv/bin/python -m benchmarks.few_labels --labels=500,2000 --runs_dir=runs --figure=few-labels.png

The first training examples of the demo corpus keep their labels. The others are a pool of questions that
only the teacher answers, which has learned from the same labels. For every number of labels and every seed
there are four students:

- alone: on the labels;
- twice: on labels that count twice, the control of the next;
- teacher: by equation (1);
- pool: by equation (1), and by the teacher's scores of the questions in the pool.

All students take the same number of steps, and so do all teachers, so that fewer examples are not less
training. ``all labels`` is the student of all examples: what answers of the pool would be worth. Differences
have paired bootstrap intervals over test examples and seeds. The last line is JSON.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Sequence

import numpy as np
from absl import app, flags
from rich.table import Table

from benchmarks.labelled_part import for_steps, write_data
from holle_tf.config import Config
from holle_tf.config_sources import load_config, preset
from holle_tf.drawing.plots import new_figure, save_figure
from holle_tf.drawing.terminal_table import print_table
from holle_tf.evaluate.statistics import paired_bootstrap
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import ensure_scores, predictions_of
from holle_tf.runs.run_folder import TeacherSource
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.system.console_logging import configure_console
from holle_tf.training.distillation import find_or_train_teachers, student_alone
from holle_tf.training.train import ensure_run
from pipelines.demo.corpus import GLOVE_PATH

_LABELS = flags.DEFINE_list("labels", ["500", "2000"], "numbers of labelled training examples")
_SEEDS = flags.DEFINE_integer("seeds", 1, "seeds of the students, from 0", lower_bound=1)
_MODEL = flags.DEFINE_enum("model", "sam_match", ["sam", "sam_match"], "the student")
_STEPS = flags.DEFINE_integer("steps", 1500, "training steps of every student", lower_bound=1)
_TEACHER_STEPS = flags.DEFINE_integer("teacher_steps", 2000, "training steps of every teacher", lower_bound=1)
_RUNS_DIR = flags.DEFINE_string("runs_dir", "runs", "folder of data and runs")
_FIGURE = flags.DEFINE_string("figure", None, "PNG of test F1 by number of labels")
_SET = flags.DEFINE_multi_string("set", [], "options of the configuration, as for holle_tf.main")

ROWS = ("alone", "twice", "teacher", "pool")
ALL = "all labels"
PAIRS = (("teacher", "alone"), ("teacher", "twice"), ("pool", "alone"), ("pool", "teacher"))
RESAMPLES = 10_000


def configuration(data: Path, seed: int) -> Config:
    """Of the student that learns from QANeT, without a pool."""
    given = {"runs_dir": _RUNS_DIR.value, "data_dir": str(data), "glove": str(GLOVE_PATH), "seed": seed}
    return load_config(
        [preset("demo")],
        [*_SET.value, "distill.compare_alone=false"],
        {**given, "model": _MODEL.value, "recipe": "add", "teacher": "qanet"},
    )


def student_f1(row: str, data: Path, labels: int, pool: int, seed: int) -> list[float]:
    """Test F1 of every example."""
    config = for_steps(configuration(data, seed), "qanet", _TEACHER_STEPS.value, labels)
    config = for_steps(config, _MODEL.value, _STEPS.value, labels + (pool if row == "pool" else 0))
    prepared = open_data(config)
    teachers: list[TeacherSource] = []
    if row == "pool":
        config = replace(config, distill=replace(config.distill, pool=str(data / "pool.json")))
    if row in ("teacher", "pool"):
        without_pool = replace(config, distill=replace(config.distill, pool=""), seed=0)
        teachers = find_or_train_teachers(without_pool, prepared, None)
    else:
        config = student_alone(config)
    if row == "twice":
        config = replace(config, distill=replace(config.distill, labels_weight=2.0))
    run_on_data = RunOnData(ensure_run(config, prepared, teachers=teachers), prepared, config)
    ensure_scores(run_on_data, "test")
    return [span.f1 for span in predictions_of(run_on_data, "test")]


def draw(report: dict[str, Any], path: Path) -> None:
    """Test F1 by the number of labels, a line for each kind of student."""
    figure = new_figure(6.4, 4.2)
    axes = figure.add_subplot()
    counts = list(report["labels"])
    for row in ROWS:
        axes.plot(counts, [report["labels"][count][row]["f1"] for count in counts], marker="o", label=row)
    of_all = f"alone, {report[ALL]['examples']:,} labels"
    axes.axhline(report[ALL]["f1"], linestyle=":", color="grey", label=of_all)
    axes.set(xlabel="labelled training examples", ylabel="test F1", title=f"{_MODEL.value}, demo corpus")
    axes.legend()
    save_figure(figure, path)


def main(_: Sequence[str]) -> None:
    configure_console()
    folder = Path(_RUNS_DIR.value) / "few-labels"
    report: dict[str, Any] = {"model": _MODEL.value, "seeds": _SEEDS.value, "labels": {}}
    table = Table("labels", "student", "F1", *(f"minus {row}" for row in ("alone", "twice", "teacher")))
    sizes = [int(text) for text in _LABELS.value]
    for labels in sizes:
        data = write_data(folder, labels)
        pool = len(json.loads((data / "pool.json").read_text(encoding="utf-8")))
        f1 = {
            row: np.array([student_f1(row, data, labels, pool, seed) for seed in range(_SEEDS.value)])
            for row in ROWS
        }  # each (seeds, test examples)
        found: dict[str, Any] = {row: {"f1": float(values.mean()), "minus": {}} for row, values in f1.items()}
        for row, other in PAIRS:
            found[row]["minus"][other] = paired_bootstrap(f1[row], f1[other], RESAMPLES)._asdict()
        report["labels"][labels] = found
        for row, scores in found.items():
            minus = [scores["minus"].get(other) for other in ("alone", "twice", "teacher")]
            shown = (f"{m['mean']:+.1f} ({m['low']:.1f} to {m['high']:.1f})" if m else "" for m in minus)
            table.add_row(f"{labels:,}", row, f"{scores['f1']:.1f}", *shown)
    count = sizes[-1] + pool
    data = write_data(folder, count)
    f1_of_all = [student_f1("alone", data, count, 0, seed) for seed in range(_SEEDS.value)]
    report[ALL] = {"f1": float(np.mean(f1_of_all)), "examples": count}
    table.add_row(f"{count:,}", "alone", f"{report[ALL]['f1']:.1f}", "", "", "")
    print_table(table)
    if _FIGURE.value:
        draw(report, Path(_FIGURE.value))
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
