"""Shows where the time of a training step goes, by kind of TensorFlow operation.

    .venv/bin/python -m benchmarks.operations --variants=sam:none,bidaf:none,qanet:none,qanet:bfloat16

Traces training steps of each model with TensorFlow's profiler and adds up the time inside its operations.
Several operations run at once, so the sum is core time and not the length of the step. The profiler adds its
own cost to each operation, so small operations weigh more than they should. The last line is JSON.
"""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from typing import Any

import tensorflow as tf
from absl import app, flags
from rich.table import Table

from benchmarks.models import CHARACTERS, WORDS, make_distiller, random_batch
from benchmarks.trace import kind_of, trace
from holle_tf.catalogue import MODELS
from holle_tf.config_sources import load_config
from holle_tf.drawing.terminal_table import print_table
from holle_tf.system.memory import keep_freed_memory

_VARIANTS = flags.DEFINE_list(
    "variants", ["sam:none", "bidaf:none", "qanet:none", "qanet:bfloat16"], "model:format, ..."
)
_BATCH = flags.DEFINE_integer("batch", 32, "examples in a batch", lower_bound=1)
_DOCUMENT = flags.DEFINE_integer("document", 256, "words of the documents", lower_bound=1)
_CONTEXT = flags.DEFINE_integer("context", 24, "words of the query and of each history", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 3, "traced steps", lower_bound=1)
SHOWN = 9  # kinds to show for each variant


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
