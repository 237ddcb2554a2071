"""Compares how many examples per second are prepared and read with how many each model trains on.

    .venv/bin/python -m benchmarks.input --models=sam,qanet
    .venv/bin/python -m benchmarks.input --data_dir=holle --glove=glove.6B.zip --setup=ld --preset=

Preparing starts from nothing, in a temporary folder. Reading is timed over whole shuffled epochs of the
training split, with the inputs of each model; training is timed over steps on batches of those epochs, read
beforehand. The last line is JSON.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import tempfile
import time
from typing import Any

import tensorflow as tf
from absl import app, flags
from rich.table import Table
from tqdm import tqdm

from benchmarks.models import make_distiller
from holle_tf.config import Config
from holle_tf.config_sources import load_config, preset
from holle_tf.distill.precision import resolve_precision
from holle_tf.drawing.terminal_table import print_table
from holle_tf.runs.data import open_data, raw_data
from holle_tf.system.console_logging import configure_console
from pipelines.dataset import make_dataset
from pipelines.prepare import PreparedData

_MODELS = flags.DEFINE_list(
    "models", ["sam", "bidaf", "qanet"], "models whose inputs are read and that train"
)
_DATA_DIR = flags.DEFINE_string("data_dir", "", "folder of the raw chats; empty = the demo corpus")
_GLOVE = flags.DEFINE_string("glove", "", "GloVe file, or none")
_SETUP = flags.DEFINE_string("setup", "sd", "sd | ld | oracle")
_LIMIT = flags.DEFINE_integer("limit", 0, "examples of each split; 0 = all", lower_bound=0)
_PRESET = flags.DEFINE_string("preset", "demo", "configuration preset; empty = published sizes")
_EPOCHS = flags.DEFINE_integer("epochs", 5, "timed epochs of reading, after a warm-up epoch", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 20, "timed training steps, after as many warm-up steps", lower_bound=1)


def time_preparing(config: Config) -> tuple[PreparedData, dict[str, float]]:
    """The prepared data, and how fast they were prepared, with the raw data and vectors already on disk.

    Returns:
        The data; ``prepared_per_second``, in examples; ``parent_seconds`` and ``worker_seconds``, the core
        time of this process and of all its workers.
    """
    raw_data(config)
    began, used = time.perf_counter(), os.times()
    prepared = open_data(config)
    seconds, then = time.perf_counter() - began, os.times()
    examples = sum(prepared.count(split) for split in ("train", "dev", "test"))
    return prepared, {
        "prepared_per_second": examples / seconds,
        "parent_seconds": then.user + then.system - used.user - used.system,
        "worker_seconds": sum(then[2:4]) - sum(used[2:4]),
    }


def time_reading(config: Config, prepared: PreparedData) -> dict[str, float]:
    """Examples per second of ``config.model``'s inputs, and the share of padding in the documents."""
    batches = make_dataset(
        prepared,
        "train",
        inputs=config.inputs_of(config.model),
        batch_size=config.training_of(config.model).batch_size,
        shuffle=True,
    )
    words = cells = 0
    for features, _ in batches:
        words += int(tf.math.count_nonzero(features["document"]))
        cells += int(tf.size(features["document"]))
    rates = []
    for _ in tqdm(range(_EPOCHS.value), desc=f"reading for {config.model}", unit=" epochs"):
        began = time.perf_counter()
        for _batch in batches:
            pass
        rates.append(prepared.count("train") / (time.perf_counter() - began))
    return {"read": statistics.median(rates), "padding": 1 - words / cells}


def time_training(config: Config, prepared: PreparedData) -> float:
    """Examples per second that ``config.model`` trains on, after a graph for each batch's shape is traced."""
    training = config.training_of(config.model)
    precision = resolve_precision(training.mixed_precision, config.model)
    distiller = make_distiller(config, precision, len(prepared.embeddings), len(prepared.chars))
    batches = make_dataset(
        prepared,
        "train",
        inputs=config.inputs_of(config.model),
        batch_size=training.batch_size,
        shuffle=True,
    )
    read = list(itertools.islice(batches, _STEPS.value))
    step = tf.function(distiller.train_step, reduce_retracing=True)
    seconds = []
    for i, batch in enumerate(tqdm([*read, *read], desc=f"training {config.model}", unit=" steps")):
        began = time.perf_counter()
        step(batch)
        if i >= len(read):
            seconds.append(time.perf_counter() - began)
    examples = sum(int(tf.shape(labels["start"])[0]) for _, labels in read)
    return examples / sum(seconds)


def main(_: list[str]) -> None:
    configure_console()
    report: dict[str, Any] = {"setup": _SETUP.value}
    table = Table("model", "read, examples/s", "trained, examples/s", "ratio", "padding of documents")
    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"runs_dir": folder, "data.setup": _SETUP.value, "limit": _LIMIT.value}
        given.update({"data_dir": _DATA_DIR.value, "glove": _GLOVE.value})
        configs = {
            model: load_config(
                [preset(_PRESET.value)] if _PRESET.value else [], flags={**given, "model": model}
            )
            for model in _MODELS.value
        }
        prepared, preparing = time_preparing(next(iter(configs.values())))
        report.update(preparing)
        for model, config in configs.items():
            row = {**time_reading(config, prepared), "trained": time_training(config, prepared)}
            report[model] = row
            ratio = row["read"] / row["trained"]
            cells = [f"{row['read']:,.0f}", f"{row['trained']:,.0f}", f"{ratio:.0f}", f"{row['padding']:.1%}"]
            table.add_row(model, *cells)
    print_table(table, f"prepared: {report['prepared_per_second']:,.0f} examples/s")
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
