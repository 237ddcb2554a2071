"""Draws a search as parallel coordinates: a line per trial, an axis per key, the objective on the right."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve
from matplotlib.ticker import MaxNLocator

from holle_tf.drawing.text_layout import DPI
from holle_tf.options.tuning import OBJECTIVES
from pipelines.files import atomic_file
from tuning.space import Parameter, Space
from tuning.text import short_names

_INK, _PALE = "#222222", "#8a8a8a"
_COLOURS = colormaps["viridis_r"]  # light = poor, dark = good; suited to the colour-blind and to print
_LIGHTEST = 0.08  # position in the colour map at which the poorest line is still visible on white
_TICKS = 12  # an axis with more values is drawn as a range
_SPREAD = 0.11  # share of an axis over which lines through the same listed value are spread


def plot_trials(rows: Sequence[dict[str, Any]], space: Space, objective: str, out_png: Path) -> None:
    """Draw the completed trials; the line of the best is thick, and its values are bold.

    Args:
        rows: the completed trials among ``results.trial_rows``, best first.
        space: its parameters are the axes, in its order.
        objective: name of the last axis.
        out_png: the picture, written whole or not at all.
    """
    names = short_names([parameter.key for parameter in space.parameters])
    count = len(space.parameters) + 1
    figure = Figure(figsize=(max(7.0, 1.45 * count + 1.2), 4.6), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.07, 0.06, 0.84, 0.76))
    axes.set(xlim=(-0.15, count - 0.75), ylim=(-0.07, 1.07))
    axes.axis("off")

    scores = np.array([row["objective"] for row in rows])
    heights = np.array([[_height(p, row["values"].get(p.key)) for p in space.parameters] for row in rows])
    low, high = float(scores.min()), float(scores.max())
    unit = (scores - low) / (high - low) if high > low else np.full(len(scores), 0.5)
    good = unit if OBJECTIVES[objective] == "max" else 1 - unit
    points = np.column_stack([_spread(heights, space, unit), unit])
    for i in reversed(range(len(rows))):  # the best last, on top of the others
        best = i == 0
        colour = _COLOURS(_LIGHTEST + (1 - _LIGHTEST) * good[i])
        _line(axes, points[i], colour, 3.2 if best else 1.5, 1.0 if best else 0.8)

    best_values = rows[0]["values"]
    for x, parameter in enumerate(space.parameters):
        _axis(axes, x, names[parameter.key])
        chosen = best_values.get(parameter.key)
        for height, text, is_best in _ticks(parameter, chosen):
            _tick(axes, x, height, text, is_best)
    _axis(axes, count - 1, objective)
    for value in _round_values(low, high):
        _tick(axes, count - 1, (value - low) / (high - low) if high > low else 0.5, f"{value:g}", False)
    best_text = f"best {scores[0]:.2f}"
    axes.text(count - 1 + 0.06, unit[0], best_text, va="center", fontsize=9, fontweight="bold", color=_INK)
    trials = f"{len(rows)} trials of {space.name}" if len(rows) > 1 else f"1 trial of {space.name}"
    axes.set_title(f"{trials}, coloured by {objective}", loc="left", fontsize=11, color=_INK,
                   fontweight="bold", pad=30)  # fmt: skip
    with atomic_file(Path(out_png), "wb") as file:
        figure.savefig(file, format="png")


def _height(parameter: Parameter, value: Any) -> float:
    """Position of ``value`` on its axis, 0 to 1; in the middle if the trial has none."""
    if value is None:
        return 0.5
    values = _categories(parameter)
    if values:
        return values.index(value) / (len(values) - 1) if len(values) > 1 else 0.5
    low, high, number = parameter.low, parameter.high, float(value)
    if parameter.log:
        low, high, number = math.log(low), math.log(high), math.log(number)
    return (number - low) / (high - low)


def _categories(parameter: Parameter) -> list[Any]:
    """The values that have a tick each, sorted if they are numbers; [] for a range."""
    values = list(parameter.listed)
    if len(values) > _TICKS:
        return []
    return values if any(isinstance(value, str) for value in values) else sorted(values)


def _spread(heights: np.ndarray, space: Space, unit: np.ndarray) -> np.ndarray:
    """``heights`` (trials, keys), with lines through the same listed value spread by their score."""
    moved = heights.copy()
    rank = np.argsort(np.argsort(unit)) / max(1, len(unit) - 1) - 0.5  # -0.5 the lowest ... 0.5 the highest
    for x, parameter in enumerate(space.parameters):
        count = len(_categories(parameter))
        if count:
            moved[:, x] += rank * min(_SPREAD, 0.4 / count, 0.01 * len(unit))
    return moved


def _line(axes: Axes, heights: np.ndarray, colour: Any, width: float, alpha: float) -> None:
    """A smooth curve through a point on each axis, horizontal where it crosses the axes."""
    points, codes = [(0.0, heights[0])], [Curve.MOVETO]
    for x in range(1, len(heights)):
        points += [(x - 0.5, heights[x - 1]), (x - 0.5, heights[x]), (float(x), heights[x])]
        codes += [Curve.CURVE4] * 3
    axes.add_patch(
        PathPatch(
            Curve(points, codes),
            facecolor="none",
            edgecolor=colour,
            linewidth=width,
            alpha=alpha,
            capstyle="round",
        )  # fmt: skip
    )


def _axis(axes: Axes, x: int, name: str) -> None:
    axes.plot([x, x], [-0.06, 1.06], color=_PALE, linewidth=0.9, zorder=0)
    axes.text(x, 1.09, name.replace("_", " "), ha="center", va="bottom", fontsize=9, color=_INK,
              fontweight="bold", clip_on=False)  # fmt: skip


def _ticks(parameter: Parameter, best: Any) -> list[tuple[float, str, bool]]:
    """Every tick of an axis: height, text, and whether it is the best trial's value."""
    values = _categories(parameter)
    if values:
        return [(_height(parameter, value), _text(value), value == best) for value in values]
    marks = [parameter.low, parameter.high]
    near = 0.06
    at_best = [] if best is None else [(_height(parameter, best), _text(best), True)]
    ticks = [(_height(parameter, value), _text(value), False) for value in marks]
    return [tick for tick in ticks if not at_best or abs(tick[0] - at_best[0][0]) > near] + at_best


def _tick(axes: Axes, x: int, height: float, text: str, best: bool) -> None:
    weight, colour = ("bold", _INK) if best else ("normal", "#555555")
    axes.plot([x - 0.02, x + 0.02], [height, height], color=_PALE, linewidth=0.9, zorder=0)
    axes.text(
        x - 0.05, height, text, ha="right", va="center", fontsize=8.5, color=colour, fontweight=weight,
        bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8},
    )  # fmt: skip


def _round_values(low: float, high: float) -> list[float]:
    if high <= low:
        return [low]
    return [float(v) for v in MaxNLocator(5).tick_values(low, high) if low <= v <= high]


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
