"""Measures what a teacher adds where labels are few and further questions have none.

    .venv/bin/python -m benchmarks.few_labels --labels=500,2000 --runs_dir=runs --figure=few-labels.png

The first training examples of the demo corpus keep their labels. The others are a pool of questions that
only the teacher answers, which has learned from the same labels. With ``--data_dir``, the data are a folder
in SQuAD's format, and some articles of train keep their labels. For every number of labels and every seed
there are these students:

- alone: on the labels;
- twice: on labels that count twice, the control of the next;
- teacher: by equation (1);
- smoothed: on the labels, and on the labels smoothed to the entropy of the teacher's scores (``--smoothed``):
  another control of the last;
- pool: by equation (1), and by the teacher's scores of the questions in the pool, or of some (``--pools``);
- self: self-training, the same with the first student as the teacher (``--self``): the control of the pool.

All students take the same number of steps, and so do all QANeTs, so that fewer examples are not less
training. ``all labels`` is the student of all examples: what answers of the pool would be worth. Differences
have paired bootstrap intervals over test examples and seeds. The last line is JSON.
``--leave_out=pool`` suits a teacher that has learned from the labels of the pool, too.

``--teacher=scores:FILE`` takes the scores of another reader, and ``{labels}`` in it stands for the number of
labels. Such a reader needs the data first: ``--write_data`` writes them and ends.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional, Sequence

import numpy as np
from absl import app, flags
from rich.table import Table

from benchmarks.labelled_part import (
    CONTROLS,
    DEMO_EXAMPLES,
    POOL,
    SELF,
    SMOOTHED,
    TAUGHT,
    LabelledPart,
    for_steps,
    pool_size,
    write_demo,
    write_squad,
)
from benchmarks.markdown import with_interval
from benchmarks.paired import f1_on_test
from holle_tf.catalogue import MODELS
from holle_tf.config import Config
from holle_tf.config_sources import load_config, preset
from holle_tf.drawing.plots import new_figure, save_figure
from holle_tf.drawing.terminal_table import print_table
from holle_tf.evaluate.statistics import paired_bootstrap
from holle_tf.runs.data import open_data
from holle_tf.runs.run_folder import RunFolder, TeacherSource
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.system.console_logging import configure_console
from holle_tf.training.distillation import find_or_train_teachers, student_alone
from holle_tf.training.train import ensure_run
from pipelines.demo.corpus import GLOVE_PATH
from pipelines.prepare import PreparedData

_LABELS = flags.DEFINE_list("labels", ["500", "2000"], "numbers of labelled training examples")
_EXAMPLES = flags.DEFINE_integer(
    "examples",
    None,
    f"training examples, with and without labels; if missing, {DEMO_EXAMPLES} of the demo corpus or all data",
    lower_bound=1,
)
_POOLS = flags.DEFINE_list("pools", [], "also a student of each of these numbers of questions of the pool")
_SMOOTHED = flags.DEFINE_bool("smoothed", False, "also a student of labels smoothed as the teacher's scores")
_SELF = flags.DEFINE_bool("self", False, "also a student whose pool is answered by the student alone")
_LEAVE_OUT = flags.DEFINE_multi_enum(
    "leave_out", [], [CONTROLS[0], TAUGHT, POOL, "all"], "not this student; all = that of all labels"
)
_SEEDS = flags.DEFINE_integer("seeds", 1, "seeds of the students, from 0", lower_bound=1)
_MODEL = flags.DEFINE_enum("model", "sam_match", ["sam", "sam_match"], "the student")
_STEPS = flags.DEFINE_integer("steps", 1500, "training steps of every student", lower_bound=1)
_TEACHER_STEPS = flags.DEFINE_integer("teacher_steps", 2000, "training steps of every teacher", lower_bound=1)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "data in SQuAD's format; the demo corpus if missing")
_GLOVE = flags.DEFINE_string("glove", None, "word vectors of these data")
_TEACHER = flags.DEFINE_string("teacher", "qanet", "qanet, or scores:FILE, where {labels} is replaced")
_WRITE_DATA = flags.DEFINE_bool("write_data", False, "only write the data, into RUNS_DIR/few-labels")
_RUNS_DIR = flags.DEFINE_string("runs_dir", "runs", "folder of data and runs")
_FIGURE = flags.DEFINE_string("figure", None, "PNG of test F1 by number of labels")
_SET = flags.DEFINE_multi_string("set", [], "options of the configuration, as for holle_tf.main")

ITSELF = "teacher itself"
ALL = "all labels"
RESAMPLES = 10_000


def rows() -> list[str]:
    """The students; ``pool 4000`` is one of 4,000 questions of the pool, ``pool`` that of all."""
    of_parts = (f"{POOL} {size}" for size in _POOLS.value)
    asked = [(SMOOTHED, _SMOOTHED.value), (SELF, _SELF.value)]
    found = [*CONTROLS, TAUGHT, *of_parts, POOL, *(row for row, value in asked if value)]
    return [row for row in found if row not in _LEAVE_OUT.value]


def others(row: str) -> list[str]:
    """The students with which ``row`` is compared."""
    if row in CONTROLS:
        return []
    more = {TAUGHT: [SMOOTHED], SMOOTHED: [], POOL: [TAUGHT, SELF]}.get(row, [TAUGHT])
    return [other for other in (*CONTROLS, *more) if other in rows()]


def part_of_data(labels: Optional[int]) -> LabelledPart:
    folder = Path(_RUNS_DIR.value) / "few-labels"
    if _DATA_DIR.value:
        return write_squad(Path(_DATA_DIR.value), folder, labels, _EXAMPLES.value)
    return write_demo(folder, labels, _EXAMPLES.value)


def configuration(part: LabelledPart, labels: Optional[int], seed: int, examples: int) -> Config:
    """Of the student that learns from the teacher, without a pool, for an epoch of so many examples."""
    presets = ("cpu", "squad") if _DATA_DIR.value else ("demo",)
    teacher = _TEACHER.value.replace("{labels}", str(labels))
    given = {
        "runs_dir": _RUNS_DIR.value,
        "data_dir": str(part.folder),
        "glove": _GLOVE.value or str(GLOVE_PATH),
    }
    config = load_config(
        [preset(name) for name in presets],
        [*_SET.value, "distill.compare_alone=false", "distill.also_student=none"],
        {**given, "seed": seed, "model": _MODEL.value, "recipe": "add", "teacher": teacher},
    )
    config = for_steps(config, "qanet", _TEACHER_STEPS.value, part.labels)
    return for_steps(config, _MODEL.value, _STEPS.value, examples)


def teachers_of(config: Config, prepared: PreparedData) -> list[TeacherSource]:
    """The teachers of a student, which have read no pool and are the same for all seeds."""
    options = replace(config.distill, pool="", pool_examples=0)
    return find_or_train_teachers(replace(config, distill=options, seed=0), prepared, None)


def student(row: str, part: LabelledPart, labels: Optional[int], seed: int) -> RunOnData:
    """The student of one of ``rows``, trained unless it is there."""
    asked = 0 if row == SELF else pool_size(row)
    size = 0 if asked is None else asked or part.pool
    config = configuration(part, labels, seed, part.labels + size)
    prepared = open_data(config)
    if size:
        options = replace(config.distill, pool=str(part.folder / "pool.json"))
        config = replace(config, distill=replace(options, pool_examples=size if size < part.pool else 0))
    teachers: list[TeacherSource] = []
    if row in CONTROLS:
        config = student_alone(config)
    elif row == SELF:
        teachers = [student("alone", part, labels, seed).run]
    else:
        teachers = teachers_of(config, prepared)
    if row == "twice":
        config = replace(config, distill=replace(config.distill, labels_weight=2.0))
    if row == SMOOTHED:
        config = replace(config, recipe="add_smoothed")
    return RunOnData(ensure_run(config, prepared, teachers=teachers), prepared, config)


def teacher_f1(part: LabelledPart, labels: Optional[int]) -> Optional[float]:
    """Mean test F1 of the teacher; None for a file of scores."""
    config = configuration(part, labels, 0, part.labels)
    prepared = open_data(config)
    (teacher,) = teachers_of(config, prepared)
    if not isinstance(teacher, RunFolder):
        return None
    return float(np.mean(f1_on_test(RunOnData(teacher, prepared, config))))


def draw(report: dict[str, Any], path: Path) -> None:
    """Test F1 by the number of labels, a line for each kind of student."""
    figure = new_figure(6.4, 4.2)
    axes = figure.add_subplot()
    counts = list(report["labels"])
    for row in rows():
        axes.plot(counts, [report["labels"][count][row]["f1"] for count in counts], marker="o", label=row)
    corpus = Path(_DATA_DIR.value).resolve().name if _DATA_DIR.value else "demo corpus"
    if ALL in report:
        of_all = f"alone, {report[ALL]['examples']:,} labels"
        axes.axhline(report[ALL]["f1"], linestyle=":", color="grey", label=of_all)
    axes.set(
        xlabel="labelled training examples", ylabel="test F1", title=f"{MODELS[_MODEL.value].title}, {corpus}"
    )
    axes.legend()
    save_figure(figure, path)


def main(_: Sequence[str]) -> None:
    configure_console()
    parts = {int(text): part_of_data(int(text)) for text in _LABELS.value}
    if _WRITE_DATA.value:
        print(
            *(f"{part.folder}: {part.labels} labels, {part.pool} in the pool" for part in parts.values()),
            sep="\n",
        )
        return
    report: dict[str, Any] = {"model": _MODEL.value, "seeds": _SEEDS.value, "labels": {}}
    compared = list(dict.fromkeys(other for row in rows() for other in others(row)))
    table = Table("labels", "student", "F1", *(f"minus {row}" for row in compared))
    for labels, part in parts.items():
        f1 = {
            row: np.array([f1_on_test(student(row, part, labels, seed)) for seed in range(_SEEDS.value)])
            for row in rows()
        }  # each (seeds, test examples)
        found: dict[str, Any] = {row: {"f1": float(values.mean())} for row, values in f1.items()}
        for row, of_row in found.items():
            of_row["minus"] = {
                other: paired_bootstrap(f1[row], f1[other], RESAMPLES)._asdict() for other in others(row)
            }
        if (f1_of_teacher := teacher_f1(part, labels)) is not None:
            found[ITSELF] = {"f1": f1_of_teacher, "minus": {}}
        report["labels"][part.labels] = found
        for row, scores in found.items():
            shown = (with_interval(scores["minus"].get(other)) for other in compared)
            table.add_row(f"{part.labels:,}", row, f"{scores['f1']:.1f}", *shown)
    if "all" not in _LEAVE_OUT.value:
        whole = part_of_data(None)
        f1_of_all = [f1_on_test(student("alone", whole, None, seed)) for seed in range(_SEEDS.value)]
        report[ALL] = {"f1": float(np.mean(f1_of_all)), "examples": whole.labels}
        table.add_row(f"{whole.labels:,}", "alone", f"{report[ALL]['f1']:.1f}")
    print_table(table)
    if _FIGURE.value:
        draw(report, Path(_FIGURE.value))
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
