"""A part of the demo corpus that keeps its labels, and trainings that are as long on it as on all of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from holle_tf.config import Config
from pipelines.demo.corpus import generate_corpus
from pipelines.files import atomic_file


def write_data(folder: Path, labels: int) -> Path:
    """The demo corpus with its first training examples, and a pool of the others; returns its folder."""
    whole = folder / "whole"
    if not (whole / "test_data.json").exists():  # the last file that is written
        generate_corpus(whole)
    records = json.loads((whole / "train_data.json").read_text(encoding="utf-8"))
    part = folder / f"{labels}-labels"
    part.mkdir(parents=True, exist_ok=True)
    files = {"train_data.json": records[:labels], "pool.json": records[labels:]}
    for split in ("dev", "test"):
        files[f"{split}_data.json"] = json.loads((whole / f"{split}_data.json").read_text(encoding="utf-8"))
    for name, of_file in files.items():
        with atomic_file(part / name) as file:
            file.write(json.dumps(of_file).encode("utf-8"))
    return part


def for_steps(config: Config, model: str, steps: int, examples: int) -> Config:
    """``config`` in which a model trains for so many steps on so many examples, and stops no earlier."""
    training = config.training_of(model)
    epochs = max(1, round(steps * training.batch_size / examples))
    own = replace(training, epochs=epochs, patience=epochs)
    return replace(config, training=replace(config.training, **{model: own}))
