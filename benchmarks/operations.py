"""Where the time of a step goes, by kind of TensorFlow operation.

    .venv/bin/python -m benchmarks.operations --variants=sam:none,bidaf:none,qanet:none,qanet:bfloat16

Traces training steps of each model with TensorFlow's profiler and adds up the time inside its operations.
Several run at once, so that the sum over all of them is core time and not the length of the step; and a
profiler adds its own cost to each, which is why small operations weigh more here than they do. The last
line is JSON.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Callable

import tensorflow as tf
from absl import app, flags
from rich.table import Table
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from benchmarks.models import CHARACTERS, WORDS, make_distiller, random_batch
from holle_tf.config import load_config
from holle_tf.evaluate.tables import print_table
from holle_tf.models import MODELS
from holle_tf.workflow.memory import keep_freed_memory

_VARIANTS = flags.DEFINE_list(
    "variants", ["sam:none", "bidaf:none", "qanet:none", "qanet:bfloat16"], "model:format, ..."
)
_BATCH = flags.DEFINE_integer("batch", 32, "examples in a batch", lower_bound=1)
_DOCUMENT = flags.DEFINE_integer("document", 256, "words of the documents", lower_bound=1)
_CONTEXT = flags.DEFINE_integer("context", 24, "words of the query and of each history", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 3, "traced steps", lower_bound=1)
SHOWN = 9  # kinds of each variant; the others are added up

# Kinds of operations by what their names in the trace contain, the first that fits.
KINDS = (
    ("recurrences", ("PyFunc",)),
    ("products of a batch of matrices", ("BatchMatMul",)),
    ("matrix products", ("MatMul",)),
    ("convolutions", ("Conv",)),
    ("softmax", ("Softmax",)),
    ("random numbers", ("Random",)),
    ("sums and means", ("Sum", "Mean", "BiasAddGrad", "AddN", "L2Loss", "Max")),
    ("layout: transposes, joins, pieces", ("Transpose", "Concat", "Split", "Slice", "Pack", "Tile", "Pad")),
    ("looking up and counting", ("Gather", "Unique", "Segment", "Scatter", "Where")),
    ("casts", ("Cast",)),
    ("weights: averages and their updates", ("Assign", "ReadVariable", "ResourceApply")),
)
ELEMENTWISE = "elementwise"


def kind_of(operation: str) -> str:
    """The kind, of ``KINDS``, of a TensorFlow operation's type."""
    return next((kind for kind, parts in KINDS if any(part in operation for part in parts)), ELEMENTWISE)


def trace(step: Callable[[], Any], steps: int) -> Counter[str]:
    """Milliseconds of core time a step, by the type of the operation."""
    space = xplane_pb2.XSpace()
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for _ in range(steps):
            step()
        tf.profiler.experimental.stop()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    found: Counter[str] = Counter()
    for plane in space.planes:
        if plane.name != "/host:CPU":
            continue
        for line in plane.lines:
            for event in line.events:
                # An operation is "name:Type"; the function as a whole is "EagerLocalExecute: name".
                name, _, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
                if name and kind.lstrip("_").isalnum() and not name.startswith(("Eager", "end", "$")):
                    found[kind] += event.duration_ps / 1e9 / steps
    return found


def measure(variant: str) -> dict[str, Any]:
    """The length of a step, and its core time by kind of operation, in milliseconds."""
    name, _, precision = variant.partition(":")
    config = load_config(flags={"model": name})
    distiller = make_distiller(config, precision, WORDS, CHARACTERS)
    batch = random_batch(MODELS[name].inputs, _BATCH.value, _DOCUMENT.value, _CONTEXT.value, config)
    train = tf.function(distiller.train_step)
    seconds = []
    for _ in range(2 + _STEPS.value):
        began = time.perf_counter()
        train(batch)
        seconds.append(time.perf_counter() - began)
    kinds: Counter[str] = Counter()
    for operation, milliseconds in trace(lambda: train(batch), _STEPS.value).items():
        kinds[kind_of(operation)] += milliseconds
    return {"step_ms": 1e3 * statistics.median(seconds[2:]), "core_ms": dict(kinds.most_common())}


def main(_: list[str]) -> None:
    keep_freed_memory()
    table = Table("variant", "step, ms", "core time, ms", "of it in")
    report: dict[str, Any] = {}
    for variant in _VARIANTS.value:
        found = report[variant] = measure(variant)
        total = sum(found["core_ms"].values())
        shares = [f"{kind} {value / total:.0%}" for kind, value in list(found["core_ms"].items())[:SHOWN]]
        table.add_row(variant, f"{found['step_ms']:.0f}", f"{total:.0f}", ", ".join(shares))
    print_table(table, "training step")
    print(json.dumps({"variants": report}))


if __name__ == "__main__":
    app.run(main)
