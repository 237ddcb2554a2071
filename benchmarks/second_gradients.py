"""Measures how far `distill.second_order=differences` is from nested tapes, by the length of the move.

    .venv/bin/python -m benchmarks.second_gradients --run_dir=STUDENT --teacher_dir=TEACHER

Takes a student's run and a teacher's run on the same data. On a batch of their training split, it computes
the gradient of the term ``gradient`` by the weights of the student, and of the same student before training.
The error is the norm of the difference from nested tapes, relative to their norm. The last line is JSON, in
per cent.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Mapping

import numpy as np
import tensorflow as tf
from absl import app, flags
from rich.table import Table

from holle_tf.distill import gradient_distance
from holle_tf.distill.gradient_distance import distance_by_differences, distance_by_tapes, squared_distance
from holle_tf.distill.input_gradients import gradient_targets, input_gradients
from holle_tf.drawing.terminal_table import print_table
from holle_tf.models.layers.bidirectional import twice_differentiable
from holle_tf.options.distill import GRADIENT_MODES, DistillConfig
from holle_tf.runs.data import open_data
from holle_tf.runs.run_folder import RunFolder, build_model
from holle_tf.system.console_logging import configure_console
from pipelines.dataset import make_dataset

_RUN_DIR = flags.DEFINE_string("run_dir", "", "run of a student")
_TEACHER_DIR = flags.DEFINE_string("teacher_dir", "", "run of a teacher on the same data")
_STEPS = flags.DEFINE_list(
    "steps", ["0.02", "0.002", "0.001"], "lengths of the move, relative to a word vector"
)
_NORMALISED = flags.DEFINE_bool("normalised", False, "compare only the directions of the gradients")
_BATCH = flags.DEFINE_integer("batch", 8, "examples", lower_bound=1)

Texts = Mapping[str, tf.Tensor]


def reader(model: tf.keras.Model, twice: bool) -> Callable[[Texts], dict[str, tf.Tensor]]:
    """Reads in inference mode; twice differentiable where ``twice``."""

    def read(texts: Texts) -> dict[str, tf.Tensor]:
        own = {name: texts[name] for name in model.input}
        if not twice:
            return model(own, training=False)
        with twice_differentiable():
            return model(own, training=False)

    return read


def errors(
    student: tf.keras.Model, teacher: tf.keras.Model, batch: Any, options: DistillConfig
) -> list[float]:
    """Relative errors of the lengths of ``--steps``, in per cent."""
    features, labels = batch
    targets = gradient_targets(labels, options, tf.constant([0, 1]))
    other = input_gradients(reader(teacher, twice=True), features, targets)

    def gradient(way: Callable[..., tf.Tensor]) -> np.ndarray:
        read = reader(student, twice=way is distance_by_tapes)

        @tf.function
        def found() -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                values = way(
                    read,
                    features,
                    targets,
                    lambda own: squared_distance(own, other, options.gradient_normalised),
                )
                total = tf.reduce_mean(values)
            return tape.gradient(total, student.trainable_variables, unconnected_gradients="zero")

        return np.concatenate([np.ravel(part) for part in found()]).astype(np.float64)

    exact = gradient(distance_by_tapes)
    report = []
    for step in _STEPS.value:
        gradient_distance.STEP = float(step)
        off = np.linalg.norm(gradient(distance_by_differences) - exact) / np.linalg.norm(exact)
        report.append(round(100.0 * float(off), 3))
    return report


def main(_: list[str]) -> None:
    configure_console()
    run = RunFolder(Path(_RUN_DIR.value))
    config = run.config()
    prepared = open_data(config)
    trained, teacher = run.load_model(), RunFolder(Path(_TEACHER_DIR.value)).load_model()
    tf.keras.utils.set_random_seed(config.seed)
    students = {
        "trained": trained,
        "before training": build_model(config, prepared.embeddings, len(prepared.chars)),
    }
    names = sorted({*trained.input, *teacher.input})
    batch = next(iter(make_dataset(prepared, "train", inputs=names, batch_size=_BATCH.value)))
    report: dict[str, dict[str, float]] = {}
    for name, student in students.items():
        for mode in GRADIENT_MODES:
            options = DistillConfig(gradient_mode=mode, gradient_normalised=_NORMALISED.value)
            found = errors(student, teacher, batch, options)
            report[f"{name}, {mode}"] = dict(zip(_STEPS.value, found))
    table = Table("student, gradients", *_STEPS.value)
    for label, row in report.items():
        table.add_row(label, *(f"{value:.3f} %" for value in row.values()))
    print_table(table)
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
