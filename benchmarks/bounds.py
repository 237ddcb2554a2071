"""How near each model's step is to what the machine's matrix products alone would take.

    .venv/bin/python -m benchmarks.bounds [--models=sam,bidaf,qanet]

Counts the floating-point operations of reading one batch (TensorFlow's own count of the graph, and
2 * units * gates for every step of a recurrence), takes three times as many for a training step, and divides
by the rate of a large float32 matrix product measured in the same process. What a step takes beyond that is
memory traffic, elementwise work, loops and overhead. The last line is JSON.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any, Callable

import tensorflow as tf
from absl import app, flags
from rich.table import Table
from tensorflow.python.profiler.model_analyzer import profile
from tensorflow.python.profiler.option_builder import ProfileOptionBuilder

from benchmarks.models import CHARACTERS, WORDS, make_distiller, random_batch
from holle_tf.config import load_config
from holle_tf.evaluate.tables import print_table
from holle_tf.models import MODELS

_MODELS = flags.DEFINE_list("models", list(MODELS), "which ones")
_BATCH = flags.DEFINE_integer("batch", 32, "examples in a batch", lower_bound=1)
_DOCUMENT = flags.DEFINE_integer("document", 256, "words of the documents", lower_bound=1)
_CONTEXT = flags.DEFINE_integer("context", 24, "words of the query and of each history", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 10, "timed steps of each, after two that are not", lower_bound=1)
_SIZE = flags.DEFINE_integer("size", 2048, "rows and columns of the matrices", lower_bound=1)


def seconds(work: Callable[[], Any]) -> float:
    """Median seconds of one call."""
    times = []
    for _ in range(_STEPS.value + 2):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times[2:])


def operations(step: Any) -> int:
    """Floating-point operations of a concrete function whose shapes are known."""
    options = ProfileOptionBuilder(ProfileOptionBuilder.float_operation()).with_empty_output().build()
    counted = profile(step.graph, options=options).total_float_ops
    for op in step.graph.get_operations():
        if op.type not in ("PyFunc", "EagerPyFunc"):
            continue
        # (batch, length, 2 * gates) of the inputs, (2, units, gates) of the recurrent kernels
        gates, kernels = op.inputs[0].shape, op.inputs[1].shape
        if len(gates) == 3 and len(kernels) == 3:
            counted += 2 * gates[0] * gates[1] * kernels.num_elements()
    return counted


def measure(model: str, rate: float) -> dict[str, float]:
    """Measured milliseconds and the bounds, for training and for inference."""
    config = load_config([], flags={"model": model})
    distiller = make_distiller(config, "none", WORDS, CHARACTERS)
    batch = random_batch(MODELS[model].inputs, _BATCH.value, _DOCUMENT.value, _CONTEXT.value, config)
    read = tf.function(lambda features: distiller.student(features, training=False))
    train = tf.function(distiller.train_step)
    count = operations(read.get_concrete_function(batch[0]))
    found = {"gigaflops": count / 1e9}
    for what, work, times in (
        ("inference", lambda: read(batch[0]), 1),
        ("training", lambda: train(batch), 3),
    ):
        taken, bound = seconds(work), times * count / rate
        found.update(
            {f"{what}_ms": 1e3 * taken, f"{what}_bound_ms": 1e3 * bound, f"{what}_share": bound / taken}
        )
    return found


def bound_cells(found: dict[str, float]) -> list[str]:
    """A row of ``measure`` as text: GFLOP, then time, bound and share of training and of inference."""
    formats = (("ms", ".1f"), ("bound_ms", ".1f"), ("share", ".0%"))
    figures = [
        (found[f"{what}_{kind}"], form) for what in ("training", "inference") for kind, form in formats
    ]
    return [format(value, form) for value, form in [(found["gigaflops"], ".2f"), *figures]]


def main(_: list[str]) -> None:
    matrix = tf.random.normal([_SIZE.value, _SIZE.value])
    multiply = tf.function(lambda: tf.matmul(matrix, matrix))
    rate = 2 * _SIZE.value**3 / seconds(multiply)
    table = Table(
        "model", "GFLOP", "training, ms", "bound, ms", "share", "inference, ms", "bound, ms", "share"
    )
    report: dict[str, Any] = {"gigaflops_per_second": round(rate / 1e9, 1), "models": {}}
    for model in _MODELS.value:
        found = measure(model, rate)
        report["models"][model] = {name: round(value, 3) for name, value in found.items()}
        table.add_row(model, *bound_cells(found))
    print_table(table, f"matrix products: {rate / 1e9:,.0f} GFLOP/s")
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
