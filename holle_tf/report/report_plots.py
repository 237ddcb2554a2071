"""The figures of the report."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from holle_tf.drawing.colours import COLOURS, INK, PALE
from holle_tf.drawing.plots import new_figure, save_figure
from holle_tf.evaluate.statistics import Estimate
from holle_tf.report.breakdown import Group

_BINS = 40


def plot_differences(compared: Sequence[Mapping[str, Any]], labels: Sequence[str], out_png: Path) -> None:
    """Differences of F1 with their intervals, beside those of the paper.

    Args:
        compared: entries of ``comparisons.compare_rows``; without ``mean`` only the paper's is drawn.
        labels: a label for each entry.
    """
    figure = new_figure(9.0, 0.9 + 0.36 * len(compared))
    axes = figure.subplots()
    for place, pair in enumerate(compared):
        if "mean" in pair:
            axes.plot([pair["low"], pair["high"]], [place, place], color=COLOURS[0], linewidth=2.2)
            axes.plot([pair["mean"]], [place], marker="o", color=COLOURS[0], markersize=6)
        if "paper" in pair:
            axes.plot([pair["paper"]], [place], marker="D", markersize=6, markerfacecolor="white",
                      markeredgecolor=COLOURS[1], linewidth=0)  # fmt: skip
    axes.plot([], [], marker="o", color=COLOURS[0], linewidth=2.2, label="here, 95 % interval")
    axes.plot([], [], marker="D", markerfacecolor="white", markeredgecolor=COLOURS[1], linewidth=0,
              label="the paper, on Holl-E")  # fmt: skip
    axes.axvline(0, color=PALE, linewidth=1)
    axes.set(yticks=range(len(compared)), yticklabels=labels, ylim=(len(compared) - 0.4, -0.6))
    axes.set_xlabel("difference of F1", color=INK)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    _calm(axes)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower right", ncols=2, frameon=False, fontsize=9)
    save_figure(figure, out_png)


def plot_cosines(cosines: Mapping[str, np.ndarray], conicity: Mapping[str, float], out_png: Path) -> None:
    """Histograms of the cosine with the mean of the conversation, a panel for each model and vector.

    Args:
        cosines: label -> (examples,); nan is left out.
        conicity: label -> position of the dashed line.
    """
    figure = new_figure(9.0, 0.75 + 0.72 * len(cosines))
    rows = figure.subplots(len(cosines), 1, sharex=True, squeeze=False)[:, 0]
    known = {name: values[~np.isnan(values)] for name, values in cosines.items()}
    lowest = min((float(values.min()) for values in known.values() if len(values)), default=0.0)
    bins = np.linspace(min(lowest, 0.9), 1.0, _BINS + 1)
    for index, (axes, (name, values)) in enumerate(zip(rows, known.items())):
        colour = COLOURS[index % len(COLOURS)]
        axes.hist(values, bins=bins, color=colour, alpha=0.55)
        if len(values):
            axes.axvline(conicity[name], color=colour, linewidth=1.6, linestyle=(0, (3, 1.5)))
            name = f"{name}\nconicity {conicity[name]:.2f}"
        axes.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9, color=INK)
        axes.set_yticks([])
        _calm(axes)
        axes.spines["left"].set_visible(False)
    rows[-1].set_xlabel("cosine with the mean of the conversation", color=INK)
    save_figure(figure, out_png)


def plot_groups(
    groups: Sequence[Group], scores: Mapping[str, Sequence[Estimate]], xlabel: str, out_png: Path
) -> None:
    """F1 of several models by group of examples, with 95 % intervals.

    Args:
        groups: along the x axis.
        scores: label of a model -> an estimate for each group.
    """
    figure = new_figure(9.0, 3.9)
    axes = figure.subplots()
    apart = 0.72 / max(len(scores), 1)
    for index, (label, estimates) in enumerate(scores.items()):
        places = np.arange(len(groups)) + (index - (len(scores) - 1) / 2) * apart
        colour = COLOURS[index % len(COLOURS)]
        for place, estimate in zip(places, estimates):
            if not math.isnan(estimate.low):
                axes.plot([place, place], [estimate.low, estimate.high], color=colour, linewidth=2, alpha=0.5)
        means = [estimate.mean for estimate in estimates]
        axes.plot(places, means, marker="o", linewidth=0, color=colour, markersize=5.5, label=label)
    names = [f"{group.name}\n{len(group.places)} examples" for group in groups]
    axes.set_xticks(range(len(groups)), names)
    axes.set(ylim=(0, None), xlim=(-0.6, len(groups) - 0.4))
    axes.set_xlabel(xlabel, color=INK)
    axes.set_ylabel("F1", color=INK)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    _calm(axes)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    save_figure(figure, out_png)


def _calm(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#bbbbbb")
    axes.tick_params(colors=INK, labelsize=9)
