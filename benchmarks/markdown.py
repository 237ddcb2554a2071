"""Markdown tables of the results of benchmarks."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Tuple

# Name of the mark in a page -> name of the result, and the function that makes its table.
Tables = Dict[str, Tuple[str, Callable[[Dict[str, Any]], str]]]


def markdown(titles: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A Markdown table, with all columns but the first aligned right."""
    titles = list(titles)
    lines = [titles, ["---"] + ["---:"] * (len(titles) - 1), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
