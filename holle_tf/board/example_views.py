"""What student and teachers predict for a few fixed dev examples as training goes on."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence

import numpy as np
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from holle_tf.distill.losses import log_probabilities
from holle_tf.drawing.colours import COLOURS, GOLD
from holle_tf.evaluate.scores import token_f1
from holle_tf.models.decoding import decode_spans
from holle_tf.models.outputs import EDGES
from pipelines.dataset import features_of
from pipelines.encoding import EncodedExample, encode
from pipelines.prepare import PreparedData
from pipelines.records import read_examples

STUDENT = "student"


class View(NamedTuple):
    """A model's predictions for the examples.

    Attributes:
        probabilities: of start and end, each (examples, width), zero on padding.
        spans: first and last word of the best span of each example, (examples, 2).
    """

    probabilities: dict[str, np.ndarray]
    spans: np.ndarray


def choose_examples(prepared: PreparedData, count: int) -> list[EncodedExample]:
    """``count`` evenly spaced dev examples (or all), the same for all runs on the same data."""
    examples = read_examples(prepared, "dev")
    chosen = np.linspace(0, len(examples) - 1, min(count, len(examples))).astype(int)
    return [encode(examples[i], prepared.words, prepared.chars, prepared.config) for i in chosen]


def view(model: tf.keras.Model, encoded: Sequence[EncodedExample], max_span: int) -> View:
    """Let a span model read the examples, in inference mode."""
    features = {name: tf.constant(ids) for name, ids in features_of(encoded, tuple(model.input)).items()}
    outputs = model(features, training=False)
    mask = outputs["document_mask"]
    logits = {edge: outputs[f"{edge}_logits"] for edge in EDGES}
    null = any(example.has_null for example in encoded)
    best = decode_spans(logits["start"], logits["end"], mask, max_span, 1, null)
    if null:  # the likelier of both: the threshold of the run is not known yet
        answered = best["score"][:, 0] >= best.pop("null_score")
        best = {name: values * tf.cast(answered, values.dtype)[:, None] for name, values in best.items()}
    return View(
        {edge: tf.exp(log_probabilities(scores, mask)).numpy() for edge, scores in logits.items()},
        np.stack([best[edge][:, 0] for edge in EDGES], axis=1),
    )


def draw_curves(example: EncodedExample, row: int, views: Mapping[str, View]) -> np.ndarray:
    """Start and end probabilities of every model over the words of a document: uint8 (height, width, 3).

    The true span's edges are vertical lines.

    Args:
        example: number ``row`` of the examples of the views.
        views: views by their name in the legend.
    """
    words = len(example.document)
    figure = Figure(figsize=(7.2, 3.0), dpi=80, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    panels = figure.subplots(2, 1, sharex=True)
    figure.subplots_adjust(left=0.08, right=0.98, top=0.86, bottom=0.13, hspace=0.25)
    for axes, edge, true in zip(panels, EDGES, (example.start, example.end)):
        axes.axvline(true, color=GOLD, linewidth=5, alpha=0.3, label="true")
        for i, (name, of_model) in enumerate(views.items()):
            values = of_model.probabilities[edge][row, :words]
            axes.plot(values, color=COLOURS[i], linewidth=1.3, label=name)
        axes.set(xlim=(-0.5, words - 0.5), ylim=(0, 1.05), yticks=(0, 1))
        axes.set_ylabel(edge, fontsize=9)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].legend(loc="upper right", fontsize=8, frameon=False, ncols=len(views) + 1)
    query = " ".join(example.example.query.split())
    figure.text(0.01, 0.93, query if len(query) <= 90 else query[:89] + "…", fontsize=9, parse_math=False)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def spans_as_markdown(examples: Sequence[EncodedExample], views: Mapping[str, View]) -> str:
    """A table of the examples: query, true span, and each model's span with its token F1, 0-100."""
    lines = [["query", "true span", *(f"{name} (F1)" for name in views)]]
    lines.append(["---"] * len(lines[0]))
    for row, encoded in enumerate(examples):
        example = encoded.example
        cells = [example.query, example.answer]
        for of_model in views.values():
            start, end = of_model.spans[row]
            text = example.document[encoded.token_starts[start] : encoded.token_ends[end]]
            cells.append(f"{text} **({100 * token_f1(text, example.answer):.0f})**")
        lines.append([_cell(cell) for cell in cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    """A text as a cell of a table; no markup in it has an effect but our own bold type."""
    flat = " ".join(text.replace("\\", "\\\\").replace("|", "\\|").split())
    return flat.replace("<", "&lt;").replace("`", "\\`").replace("_", "\\_")
