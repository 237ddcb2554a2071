"""Formats results as cells of tables, for the terminal and for docs/."""

from __future__ import annotations

from typing import Any

WHAT = ("inference", "training")

Row = dict[str, float]  # for a size: size, seconds, and memory_mb unless the seconds are projected


def bound_cells(found: dict[str, float]) -> list[str]:
    """A result of ``bounds.measure`` as text: GFLOP, then twice the time, both bounds, and the share."""
    formats = (("ms", ".1f"), ("bound_ms", ".1f"), ("share", ".0%"), ("memory_ms", ".1f"))
    figures = [
        (found[f"{what}_{kind}"], form) for what in ("training", "inference") for kind, form in formats
    ]
    return [format(value, form) for value, form in [(found["gigaflops"], ".2f"), *figures]]


def gpu_cells(found: dict[str, Any]) -> list[str]:
    """GFLOP, GB and dependent steps of reading a batch, and the time of each on the GPU, as text."""
    counts = [found["gigaflops"], found["inference_gigabytes"], found["recurrent_steps"]]
    times = [found["gpu"][f"{what}_ms"] for what in ("products", "memory", "steps")]
    return [*map("{:,.2f}".format, counts[:2]), f"{counts[2]:,}", *map("{:.2f}".format, times)]


BOUND_TITLES = (
    "GFLOP of reading",
    *("training, ms", "by products, ms", "share", "by memory, ms"),
    *("inference, ms", "by products, ms", "share", "by memory, ms"),
)
GPU_TITLES = ("GFLOP", "GB", "dependent steps", "by products, ms", "by memory, ms", "by steps, ms")


def row_text(row: Row) -> str:
    """Seconds and memory for a size, or projected seconds alone, marked as such."""
    if "memory_mb" not in row:
        return f"({row['seconds']:,.0f} s projected)"
    return f"{row['seconds']:.3f} s, {row['memory_mb']:,.0f} MB"
