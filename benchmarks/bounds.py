"""Compares each model's step with bounds: this machine's matrix products, its memory, and a GPU on paper.

    .venv/bin/python -m benchmarks.bounds [--models=sam,bidaf,qanet]

Counts the floating-point operations of reading a batch (TensorFlow's count of the graph, plus
2 * units * gates for every step of a recurrence), takes three times as many for a training step, and divides
them by the rate of a large float32 matrix product, measured in the same process. Also counts the bytes that
every operation of the graph reads and writes, and divides them by the bandwidth of a pass over a large array;
data that stay in the cache between two operations may be faster. The rest of a step's time is loops and
overhead. The GPU's figures are calculated from its published peaks. The last line is JSON.
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

from benchmarks.cells import BOUND_TITLES, GPU_TITLES, bound_cells, gpu_cells
from benchmarks.gpu import A100, on_paper
from benchmarks.models import CHARACTERS, WORDS, make_distiller, random_batch
from holle_tf.catalogue import MODELS
from holle_tf.config_sources import load_config
from holle_tf.drawing.terminal_table import print_table

_MODELS = flags.DEFINE_list("models", list(MODELS), "models to measure")
_BATCH = flags.DEFINE_integer("batch", 32, "examples in a batch", lower_bound=1)
_DOCUMENT = flags.DEFINE_integer("document", 256, "words of the documents", lower_bound=1)
_CONTEXT = flags.DEFINE_integer("context", 24, "words of the query and of each history", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 10, "timed steps of each, after two warm-up steps", lower_bound=1)
_SIZE = flags.DEFINE_integer("size", 2048, "rows and columns of the matrices", lower_bound=1)


def seconds(work: Callable[[], Any]) -> float:
    """Median seconds of a call."""
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


def traffic(step: Any) -> int:
    """Bytes that the operations of a concrete function read and write, where shapes are known."""
    total = 0
    for op in step.graph.get_operations():
        if op.type in FREE:
            continue
        for tensor in (*op.inputs, *op.outputs):
            if tensor.shape.is_fully_defined() and tensor.dtype.size:
                total += tensor.shape.num_elements() * tensor.dtype.size
    return total


# Operations that pass on their inputs untouched, and operations on variables.
FREE = {"Identity", "IdentityN", "Reshape", "ExpandDims", "Squeeze", "Shape", "Const", "Placeholder"}
FREE |= {"NoOp", "ReadVariableOp", "VarHandleOp", "EnsureShape", "StopGradient"}


def recurrent_steps(step: Any) -> int:
    """Steps that depend on each other: words of every recurrence; its two directions run at once."""
    recurrences = [op for op in step.graph.get_operations() if op.type == "PyFunc"]
    return sum(int(op.inputs[0].shape[1]) for op in recurrences)


def measure(model: str, rate: float, bandwidth: float) -> dict[str, Any]:
    """Measured milliseconds and the bounds, for training and for inference.

    Args:
        model: sam | bidaf | qanet.
        rate: floating-point operations a second of a large product.
        bandwidth: bytes a second, read and written.
    """
    config = load_config([], flags={"model": model})
    distiller = make_distiller(config, "none", WORDS, CHARACTERS)
    batch = random_batch(MODELS[model].inputs, _BATCH.value, _DOCUMENT.value, _CONTEXT.value, config)
    read = tf.function(lambda features: distiller.student(features, training=False))
    train = tf.function(distiller.train_step)
    reading = read.get_concrete_function(batch[0])
    count, steps = operations(reading), recurrent_steps(reading)
    moved = {"inference": traffic(reading), "training": traffic(train.get_concrete_function(batch))}
    found: dict[str, Any] = {"gigaflops": count / 1e9, "recurrent_steps": steps}
    for what, work, times in (
        ("inference", lambda: read(batch[0]), 1),
        ("training", lambda: train(batch), 3),
    ):
        taken, bound = seconds(work), times * count / rate
        found.update(
            {f"{what}_ms": 1e3 * taken, f"{what}_bound_ms": 1e3 * bound, f"{what}_share": bound / taken}
        )
        found[f"{what}_gigabytes"] = moved[what] / 1e9
        found[f"{what}_memory_ms"] = 1e3 * moved[what] / bandwidth
    found["gpu"] = on_paper(A100, count, moved["inference"], steps)
    return found


def main(_: list[str]) -> None:
    matrix = tf.random.normal([_SIZE.value, _SIZE.value])
    multiply = tf.function(lambda: tf.matmul(matrix, matrix))
    rate = 2 * _SIZE.value**3 / seconds(multiply)
    array = tf.random.normal([8 * _SIZE.value**2])  # larger than the cache
    add = tf.function(lambda: array + 1.0)
    bandwidth = 2 * 4 * 8 * _SIZE.value**2 / seconds(add)
    table, gpu_table = Table("model", *BOUND_TITLES), Table("model", *GPU_TITLES)
    report: dict[str, Any] = {
        "gigaflops_per_second": round(rate / 1e9, 1),
        "gigabytes_per_second": round(bandwidth / 1e9, 1),
        "gpu": A100.name,
        "models": {},
    }
    for model in _MODELS.value:
        found = report["models"][model] = measure(model, rate, bandwidth)
        table.add_row(model, *bound_cells(found))
        gpu_table.add_row(model, *gpu_cells(found))
    print_table(table, f"products {rate / 1e9:,.0f} GFLOP/s, memory {bandwidth / 1e9:,.0f} GB/s")
    print_table(gpu_table, f"reading a batch on paper, {A100.name}")
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
