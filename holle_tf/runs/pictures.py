"""Pictures of a distillation: the curves of its runs, and a prediction of each on one test example."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping

import numpy as np
import tensorflow as tf

from holle_tf.distill.losses import log_probabilities
from holle_tf.drawing.plots import plot_prediction, plot_training, read_metrics
from holle_tf.evaluate.predictions import read_predictions
from holle_tf.runs.run_on_data import RunOnData
from pipelines.dataset import features_of
from pipelines.encoding import encode
from pipelines.prepare import PreparedData
from pipelines.records import read_examples
from pipelines.tokenizer import tokenize


def draw_pictures(runs_on_data: Mapping[str, RunOnData], folder: Path, prepared: PreparedData) -> list[Path]:
    """``training.png`` and ``prediction.png`` for runs that were all evaluated on the test split.

    The example is the one on which the worst of the other runs is furthest ahead of the first run in F1, so
    that it shows what distillation changed.

    Args:
        runs_on_data: name in the legend -> run.
        folder: created if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    curves, prediction = folder / "training.png", folder / "prediction.png"
    plot_training(
        {name: read_metrics(run_on_data.run.metrics) for name, run_on_data in runs_on_data.items()}, curves
    )

    spans = {
        name: read_predictions(run_on_data.folder / "predictions.jsonl")
        for name, run_on_data in runs_on_data.items()
    }
    chosen = _largest_gain(list(zip(*spans.values())))
    example = read_examples(prepared, "test")[chosen]
    encoded = encode(example, prepared.words, prepared.chars, prepared.config)
    probabilities = {}
    for name, run_on_data in runs_on_data.items():
        trained = run_on_data.run.config()
        inputs = trained.inputs_of(trained.model)
        outputs = run_on_data.load_model()(features_of([encoded], inputs), training=False)
        probabilities[name] = {
            edge: tf.exp(log_probabilities(outputs[f"{edge}_logits"], outputs["document_mask"]))[0].numpy()
            for edge in ("start", "end")
        }
    null = int(encoded.has_null)  # the plot has the words alone
    plot_prediction(
        tokenize(example.document, prepared.config.words),
        {name: p["start"][null:] for name, p in probabilities.items()},
        {name: p["end"][null:] for name, p in probabilities.items()},
        (encoded.start - null, encoded.end - null),
        {name: (found[chosen].start, found[chosen].end) for name, found in spans.items()},
        example.query,
        prediction,
    )
    return [curves, prediction]


def _largest_gain(rows: list[tuple]) -> int:
    """Index of the example, a row with a span of each run, on which the others gain most on the first run."""
    gains = [min(span.f1 for span in row[1:]) - row[0].f1 for row in rows]
    return int(np.argmax(gains))
