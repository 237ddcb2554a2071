"""Markdown tables."""

from __future__ import annotations

from typing import Any, Iterable


def markdown(titles: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table, numbers to the right."""
    titles = list(titles)
    lines = [titles, ["---"] + ["---:"] * (len(titles) - 1), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
