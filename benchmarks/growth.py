"""How time and memory of each model grow with the document's length.

    .venv/bin/python -m benchmarks.growth --lengths=256,1024,4096,16384

One example of random words at the published sizes; every model reads, and trains, in a process of its own,
from the shortest document to the longest. A model stops where the next document would take longer than
``--limit_seconds`` a step at its rate of growth. The last line is JSON.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

from absl import app, flags
from rich.table import Table
from tqdm import tqdm

from benchmarks.models import CHARACTERS, WORDS, make_distiller, random_batch
from holle_tf.config import load_config
from holle_tf.evaluate.tables import print_table
from holle_tf.workflow.memory import keep_freed_memory, peak_memory_mb, reset_peak_memory
from holle_tf.workflow.own_process import in_own_process

_MODELS = flags.DEFINE_list("models", ["sam", "bidaf", "qanet"], "which models")
_LENGTHS = flags.DEFINE_list("lengths", ["256", "1024", "4096", "16384"], "words of the document, ascending")
_BATCH = flags.DEFINE_integer("batch", 1, "documents read at once", lower_bound=1)
_CONTEXT = flags.DEFINE_integer("context", 24, "words of the query and of each history", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 3, "timed calls of each, after one that is not", lower_bound=1)
_LIMIT = flags.DEFINE_float("limit_seconds", 30.0, "longest call that is begun", lower_bound=0.0)
WHAT = ("inference", "training")


def measure(
    model: str, what: str, lengths: list[int], batch: int, context: int, steps: int, limit: float
) -> list[dict[str, float]]:
    """Seconds and peak memory (MB, less the imports) for each length that is within the limit."""
    import tensorflow as tf

    from holle_tf.models import MODELS

    base = peak_memory_mb()
    keep_freed_memory()
    config = load_config(flags={"model": model, "qanet.chunked_training": what == "training"})
    distiller = make_distiller(config, "none", WORDS, CHARACTERS)
    train = tf.function(distiller.train_step, reduce_retracing=True)
    read = tf.function(lambda features: distiller.student(features), reduce_retracing=True)
    rows: list[dict[str, float]] = []
    for length in lengths:
        if len(rows) > 1 and rows[-1]["seconds"] ** 2 / rows[-2]["seconds"] > limit:
            break
        features, labels = random_batch(MODELS[model].inputs, batch, length, context, config)
        reset_peak_memory()
        seconds = []
        for _ in range(steps + 1):
            began = time.perf_counter()
            read(features) if what == "inference" else train((features, labels))
            seconds.append(time.perf_counter() - began)
        rows.append(
            {"words": length, "seconds": statistics.median(seconds[1:]), "memory_mb": peak_memory_mb() - base}
        )
    return rows


def main(_: list[str]) -> None:
    lengths = [int(length) for length in _LENGTHS.value]
    table = Table("", "model", *(f"{length:,} words" for length in lengths))
    report: dict[str, Any] = {}
    work = [(what, model) for what in WHAT for model in _MODELS.value]
    for what, model in tqdm(work, desc="models", dynamic_ncols=True):
        options = (_BATCH.value, _CONTEXT.value, _STEPS.value, _LIMIT.value)
        rows = in_own_process(measure, model, what, lengths, *options)
        report.setdefault(what, {})[model] = rows
        cells = [f"{row['seconds']:.3f} s, {row['memory_mb']:,.0f} MB" for row in rows]
        table.add_row(what, model, *cells, *["-"] * (len(lengths) - len(rows)))
    print_table(table, f"batch {_BATCH.value}")
    print(json.dumps({"batch": _BATCH.value, "context": _CONTEXT.value, **report}))


if __name__ == "__main__":
    app.run(main)
