"""Pictures of a training and of a prediction, as PNG files, drawn without a display."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from holle_tf.drawing.colours import COLOURS, GOLD, INK, PALE
from holle_tf.drawing.strips import draw_bracket, draw_strip
from holle_tf.drawing.text_layout import DPI, Line, draw_page, lay_out, use_points
from pipelines.errors import UserError
from pipelines.files import atomic_file
from pipelines.tokenizer import Token

_MAX_SHOWN_TOKENS = 320  # of the document in the picture; the strips show all of it
_LEGEND_CHARS = 130  # of a legend below a figure that is 10 inches wide


def plot_training(epochs: Mapping[str, Sequence[Mapping[str, Any]]], out_png: Path) -> None:
    """Curves of the loss and of the validation F1 by epoch, one colour per run.

    Args:
        epochs: name of the run -> what ``read_metrics`` returns: ``epoch`` (from 0; drawn from 1, as in the
            log) and any of loss, labels, val_loss, val_f1. If a training has several terms, the curve is that
            of the labels, which is comparable to the validation loss.
        out_png: the picture, written whole or not at all.
    """
    figure = new_figure(10.0, 3.9)
    losses, scores = figure.subplots(1, 2)
    for index, (name, records) in enumerate(epochs.items()):
        colour = COLOURS[index % len(COLOURS)]
        terms = "labels" if any("labels" in record for record in records) else "loss"
        _curve(losses, records, terms, colour, linestyle=(0, (3, 1.5)), alpha=0.75)
        _curve(losses, records, "val_loss", colour)
        _curve(scores, records, "val_f1", colour, label=name, marker="o")
    # A legend of the line styles, in ink and not in a run's colour.
    losses.plot([], [], color=INK, linestyle=(0, (3, 1.5)), label="training")
    losses.plot([], [], color=INK, label="validation")
    for axes, title in ((losses, "loss"), (scores, "validation F1")):
        axes.set_title(title, loc="left", fontsize=11, color=INK, fontweight="bold")
        axes.set_xlabel("epoch", color=INK)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK, labelsize=9)
    losses.legend(frameon=False, fontsize=9)
    losses.set_ylim(bottom=0)
    handles, names = scores.get_legend_handles_labels()
    columns = _LEGEND_CHARS // (max(map(len, names), default=0) + 8)  # 8 for the line before each name
    figure.legend(
        handles,
        names,
        loc="outside lower center",
        ncols=max(1, min(len(names), columns, 5)),
        frameon=False,
        fontsize=9,
    )
    save_figure(figure, out_png)


def plot_prediction(
    document_tokens: Sequence[str | Token],
    start_probs: Mapping[str, np.ndarray],
    end_probs: Mapping[str, np.ndarray],
    gold: tuple[int, int],
    predicted: Mapping[str, tuple[int, int]],
    query: str,
    out_png: Path,
) -> None:
    """One prediction: the document with the spans marked, and the probabilities by position.

    The true span is underlined, the predicted ones are shaded in the colour of their model. Below are
    strips of the start and end probabilities over the whole document. Of a long document only the text
    around the spans is shown; a bracket over the strips says which part.

    Args:
        document_tokens: the doc_len tokens of the document; Tokens keep its white space, between plain words
            it is guessed.
        start_probs, end_probs: model -> float (>= doc_len,); what lies beyond doc_len (padding) is cut.
        gold: first and last token of the true span, inclusive; (-1, -1) if it is not known.
        predicted: model -> first and last token of its span, inclusive.
        query: the prober's last utterance.
        out_png: the picture, written whole or not at all.

    Raises:
        ValueError: the document is empty, or the probabilities do not cover it.
    """
    doc_len = len(document_tokens)
    models = list(start_probs)
    for name in models:
        if not doc_len or len(start_probs[name]) < doc_len or len(end_probs[name]) < doc_len:
            raise ValueError(
                f"{name}: start and end probabilities must cover {doc_len} tokens (at least one)"
            )
    colours = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate({**start_probs, **predicted})}
    spans = {name: (span, colours[name]) for name, span in predicted.items()}
    shown = _shown(doc_len, [span for span in [gold, *predicted.values()] if span[0] >= 0])

    width, margin = 10.0, 0.35  # inches
    lines = lay_out(document_tokens, shown, (width - 2 * margin) * 72)
    question = lay_out(query.split(), (0, len(query.split())), (width - 2 * margin) * 72 - 66)
    cut = shown != (0, doc_len)
    head, page, gap = 0.42 + 0.24 * len(question), 0.245 * len(lines) + 0.1, 0.55 if cut else 0.35
    strip, step, apart = 0.15, 0.22, 0.08  # height of a strip, distance to the next, gap between models
    height = head + page + gap + (2 * step + apart) * len(models) + 0.5

    figure = new_figure(width, height, layout=None)

    def place(top: float, tall: float, left: float = margin, right: float = margin) -> Axes:
        """Axes whose edges are given in inches from the top left."""
        bounds = (left / width, 1 - (top + tall) / height, (width - left - right) / width, tall / height)
        return figure.add_axes(bounds)

    _draw_head(place(0.12, head - 0.12), question, gold, spans)
    draw_page(place(head, page), lines, gold if gold[0] >= 0 else None, GOLD, spans)
    top, left = head + page + gap, margin + 1.35
    strips = []
    for name in models:
        for label, probs, position in (
            ("start", start_probs[name], gold[0]),
            ("end", end_probs[name], gold[1]),
        ):
            strips.append(place(top, strip, left, margin + 0.25))
            cells = np.asarray(probs[:doc_len], np.float32)
            draw_strip(strips[-1], cells, colours[name], position, GOLD, label)
            top += step
        middle = 1 - (top - step - (step - strip) / 2) / height
        style: dict[str, Any] = {
            "fontsize": 9.5,
            "color": colours[name],
            "fontweight": "bold",
            "va": "center",
        }
        broken = name.replace(" ", "\n", 1) if len(name) > 12 else name  # left of the strips' own labels
        figure.text(margin / width, middle, broken, parse_math=False, **style)
        top += apart
    if strips:
        strips[-1].tick_params(bottom=True, labelbottom=True, labelsize=8, colors=INK)
        strips[-1].set_xlabel("position in the document (words)", fontsize=8.5, color=INK)
        caption: dict[str, Any] = {
            "transform": strips[0].transAxes,
            "fontsize": 7,
            "color": PALE,
            "va": "bottom",
        }
        strips[0].text(1.005, 1.15, "highest", **caption)
        if cut:
            draw_bracket(strips[0], shown)
    save_figure(figure, out_png)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The epochs of a metrics.jsonl, in file order.

    Raises:
        UserError: no such file, a broken line, or no epoch at all.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); train the run first") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text; remove the run and train it again") from error
    records = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{path}, line {number}: not valid JSON; delete the line or train anew"
            ) from error
        if isinstance(record, dict) and "epoch" in record:
            records.append(record)
    if not records:
        raise UserError(f"{path}: no finished epoch in it; train the run for at least one epoch")
    return records


def _curve(axes: Axes, records: Sequence[Mapping[str, Any]], key: str, colour: str, **style: Any) -> None:
    points = [(record["epoch"] + 1, record[key]) for record in records if record.get(key) is not None]
    if points:
        epochs, values = zip(*points)
        axes.plot(epochs, values, color=colour, linewidth=1.8, markersize=3.5, **style)


def _shown(doc_len: int, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The range of tokens to lay out, end exclusive: all, or as many as fit around the spans."""
    if doc_len <= _MAX_SHOWN_TOKENS:
        return 0, doc_len
    first = min((span[0] for span in spans), default=0)
    last = max((span[1] for span in spans), default=0)
    if last - first >= _MAX_SHOWN_TOKENS and spans:  # too far apart: show the true span, or else the first
        first, last = spans[0]
    begin = (first + last + 1 - _MAX_SHOWN_TOKENS) // 2
    begin = min(max(begin, 0), doc_len - _MAX_SHOWN_TOKENS)
    return begin, begin + _MAX_SHOWN_TOKENS


def _draw_head(
    axes: Axes, question: list[Line], gold: tuple[int, int], spans: Mapping[str, tuple[tuple[int, int], str]]
) -> None:
    """The query, in as many lines as it takes, and the legend."""
    _, tall = use_points(axes)
    axes.text(0, 8, "query", fontsize=10, color=PALE, va="center")
    for number, line in enumerate(question):
        text = " ".join(word.text for word in line)
        axes.text(66, 8 + 17.3 * number, text, fontsize=10.5, color=INK, va="center", parse_math=False)
    x, y = 0.0, tall - 12
    axes.text(x, y, "document", fontsize=10, color=PALE, va="center")
    x += 66
    if gold[0] >= 0:
        axes.plot([x, x + 20], [y + 5, y + 5], color=GOLD, linewidth=2.2)
        axes.text(x + 25, y, "true span", fontsize=9, color=INK, va="center")
        x += 95
    for name, (_, colour) in spans.items():
        text = f"predicted by {name}" if len(spans) <= 3 else name  # more of them would not fit
        axes.add_patch(Rectangle((x, y - 6), 20, 12, facecolor=colour, alpha=0.30, linewidth=0))
        axes.text(x + 25, y, text, fontsize=9, color=INK, va="center", parse_math=False)
        x += 40 + 5.2 * len(text)


def new_figure(width: float, height: float, layout: Any = "constrained") -> Figure:
    """An empty white figure; sizes in inches."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)  # Agg directly, so that pyplot's global state is not touched
    return figure


def save_figure(figure: Figure, out_png: Path) -> None:
    """Write it as PNG, whole or not at all."""
    with atomic_file(Path(out_png), "wb") as file:
        figure.savefig(file, format="png")
