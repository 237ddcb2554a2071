"""Probabilities by position in the document, as strips of colour."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm

from holle_tf.drawing.colours import INK, PALE

_MAX_CELLS = 260  # of a strip; narrower cells could not be seen


def pool(probs: np.ndarray, max_cells: int = _MAX_CELLS) -> tuple[np.ndarray, int]:
    """The maximum of each group of neighbours, at most ``max_cells`` of them, and the size of a group.

    (doc_len,) -> (ceil(doc_len / size),). With the mean, a single word of high probability would fade.
    """
    size = -(-len(probs) // max_cells)
    padded = np.pad(probs, (0, -len(probs) % size))
    return padded.reshape(-1, size).max(axis=1), size


def draw_strip(axes: Axes, probs: np.ndarray, colour: str, gold: int, gold_colour: str, label: str) -> None:
    """Draw probabilities (doc_len,) as shades of a colour, and their maximum at the right end.

    ``gold``, the true position (-1: none), is a small triangle above the strip.
    """
    doc_len = len(probs)
    cells, size = pool(probs)
    shades = LinearSegmentedColormap.from_list("probability", ["#f1f1f1", colour])
    # A square-root scale, so that a model that wavers between ten words does not look blank.
    norm = PowerNorm(0.5, vmin=0.0, vmax=1.0)
    extent = (-0.5, len(cells) * size - 0.5, 0.0, 1.0)
    axes.imshow(cells[None, :], aspect="auto", cmap=shades, norm=norm, extent=extent, interpolation="nearest")
    if gold >= 0:
        axes.plot([gold], [1.17], marker="v", color=gold_colour, markersize=3.6, linewidth=0, clip_on=False)
    axes.set(xlim=(-0.5, doc_len - 0.5), ylim=(0, 1), yticks=[])
    axes.tick_params(bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.text(-0.008, 0.5, label, transform=axes.transAxes, ha="right", va="center", fontsize=8.5, color=INK)
    highest = f"{probs.max():.2f}"
    axes.text(1.005, 0.5, highest, transform=axes.transAxes, va="center", fontsize=7.5, color=INK)


def draw_bracket(axes: Axes, shown: tuple[int, int]) -> None:
    """Mark, above a strip, the positions ``shown`` (end exclusive) that the text of the picture has."""
    first, last = shown[0] - 0.5, shown[1] - 0.5
    axes.plot([first, first, last, last], [1.6, 1.95, 1.95, 1.6], color=PALE, linewidth=1, clip_on=False)
    middle = (first + last) / 2
    axes.text(middle, 2.1, "text shown above", fontsize=7.5, color=PALE, ha="center", va="bottom")
