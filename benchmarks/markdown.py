"""Markdown tables of the results of benchmarks."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Tuple

# Name of the mark in a page -> name of the result, and the function that makes its table.
Tables = Dict[str, Tuple[str, Callable[[Dict[str, Any]], str]]]


def markdown(titles: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A Markdown table, with all columns but the first aligned right."""
    titles = list(titles)
    lines = [titles, ["---"] + ["---:"] * (len(titles) - 1), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def with_interval(difference: Optional[Mapping[str, float]]) -> str:
    """A ``Difference`` as text, such as ``+1.0 (0.5 to 1.5)``; empty if there is none."""
    if difference is None:
        return ""
    return f"{difference['mean']:+.1f} ({difference['low']:.1f} to {difference['high']:.1f})"
