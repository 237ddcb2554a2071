"""Measures how time and memory of each model grow with document, batch, question or number of examples.

    .venv/bin/python -m benchmarks.growth --vary=document --sizes=256,1024,4096,16384
    .venv/bin/python -m benchmarks.growth --vary=examples --sizes=250,1000,2000

The batch is an example of random words at the published sizes, unless the batch grows; ``examples`` reads so
many examples of the demo corpus, shuffled, in batches of 32. Every model has a process for reading and a
process for training, and goes from the smallest size to the largest. If a step of the next size would take
longer than ``--limit_seconds`` at the rate of growth so far, its time is projected instead of measured. The
last line is JSON.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from absl import app, flags
from rich.table import Table
from tqdm import tqdm

from benchmarks.cells import WHAT, Row, row_text
from benchmarks.growing import grow, seconds_of
from benchmarks.models import CHARACTERS, WORDS, make_distiller, random_batch
from holle_tf.config_sources import load_config
from holle_tf.drawing.terminal_table import print_table
from holle_tf.system.child_process import in_child_process
from holle_tf.system.console_logging import configure_console
from holle_tf.system.memory import keep_freed_memory, peak_memory_mb

AXES = ("document", "batch", "context", "examples")
CHUNKS = ":chunks"
_VARY = flags.DEFINE_enum("vary", "document", AXES, "what grows; context: query and each history, in words")
_MODELS = flags.DEFINE_list(
    "models", ["sam", "bidaf", "qanet"], f"models to measure; those with {CHUNKS} read in chunks of 256 words"
)
_SIZES = flags.DEFINE_list("sizes", ["256", "1024", "4096", "16384"], "ascending")
_BATCH = flags.DEFINE_integer("batch", 1, "documents read at once", lower_bound=1)
_DOCUMENT = flags.DEFINE_integer("document", 256, "words of the document", lower_bound=1)
_CONTEXT = flags.DEFINE_integer("context", 24, "words of the query and of each history", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 3, "timed calls of each, after a warm-up call", lower_bound=1)
_LIMIT = flags.DEFINE_float("limit_seconds", 30.0, "longer calls are projected", lower_bound=0.0)


def measure(
    model: str, what: str, vary: str, sizes: list[int], fixed: dict[str, int], steps: int, limit: float
) -> list[Row]:
    """Seconds and peak memory (MB, without the imports) of each size; projected seconds beyond the limit."""
    import tensorflow as tf

    from holle_tf.catalogue import MODELS
    from holle_tf.models.chunked_reading import chunked_reader

    base = peak_memory_mb()
    keep_freed_memory()
    name = model.removesuffix(CHUNKS)
    long = vary == "document" and what == "training"
    config = load_config(flags={"model": name, "qanet.chunked_training": long})
    distiller = make_distiller(config, "none", WORDS, CHARACTERS)
    reader = chunked_reader(distiller.student) if model.endswith(CHUNKS) else distiller.student
    train = tf.function(distiller.train_step, reduce_retracing=True)
    read = tf.function(lambda features: reader(features), reduce_retracing=True)

    def measured(size: int) -> list[float]:
        shape = {**fixed, vary: size}
        data = random_batch(MODELS[name].inputs, shape["batch"], shape["document"], shape["context"], config)
        step = (lambda: read(data[0])) if what == "inference" else (lambda: train(data))
        return [seconds_of(step) for _ in range(steps + 1)][1:]

    return grow(sizes, measured, limit, base)


def measure_examples(model: str, sizes: list[int], folder: Path) -> list[Row]:
    """Seconds to read and decode so many examples in shuffled batches; peak memory without the imports."""
    from holle_tf.catalogue import MODELS
    from holle_tf.evaluate.predictor import Predictor
    from holle_tf.runs.data import open_data
    from pipelines.dataset import make_dataset

    base = peak_memory_mb()
    keep_freed_memory()
    config = load_config(flags={"model": model, "runs_dir": str(folder)})
    prepared = open_data(config)
    distiller = make_distiller(config, "none", len(prepared.words), len(prepared.chars))
    predictor = Predictor(distiller.student, config.evaluation.max_span)

    def measured(size: int) -> list[float]:
        batches = make_dataset(
            prepared, "train", inputs=MODELS[model].inputs, batch_size=32, shuffle=True, limit=size
        )

        def read() -> None:
            for features, labels in batches:
                predictor.decode(features, labels)

        return [seconds_of(read)]

    measured(sizes[0])  # builds the graph
    return grow(sizes, measured, float("inf"), base)


def main(_: list[str]) -> None:
    configure_console()
    sizes, vary = [int(size) for size in _SIZES.value], _VARY.value
    fixed = {"batch": _BATCH.value, "document": _DOCUMENT.value, "context": _CONTEXT.value}
    table = Table("", "model", *(f"{size:,}" for size in sizes))
    report: dict[str, Any] = {what: {} for what in WHAT}
    work = [
        (what, model)
        for what in (WHAT[:1] if vary == "examples" else WHAT)
        for model in _MODELS.value
        if what == "inference" or not model.endswith(CHUNKS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        for what, model in tqdm(work, desc="models", dynamic_ncols=True):
            if vary == "examples":
                rows = in_child_process(measure_examples, model, sizes, Path(folder))
            else:
                options = (vary, sizes, fixed, _STEPS.value, _LIMIT.value)
                rows = in_child_process(measure, model, what, *options)
            report[what][model] = rows
            table.add_row(what, model, *map(row_text, rows))
    print_table(table, f"by {vary}")
    print(json.dumps({"vary": vary, **fixed, **report}))


if __name__ == "__main__":
    app.run(main)
