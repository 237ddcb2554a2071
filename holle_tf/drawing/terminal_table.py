"""The table of scores on the terminal."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table

from holle_tf.evaluate.scores import SCORES, Score


def scores_table(rows: list[dict[str, Any]]) -> Table:
    """A table with a line for each run or baseline, 80 columns wide; long names are folded.

    Args:
        rows: dicts with ``name`` and any of the scores of ``SCORES`` (0-100), parameters (a count) and
            seconds_per_epoch; what a row lacks is shown as "-". The last two columns appear only if a row
            has them. The best value of each score is bold.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", overflow="fold")
    for score in SCORES.values():
        table.add_column(score.short_title, justify="right", no_wrap=True)
    extra = [
        (key, title, show)
        for key, title, show in (("parameters", "params", _count), ("seconds_per_epoch", "s/epoch", _seconds))
        if any(row.get(key) is not None for row in rows)
    ]
    for _, title, _ in extra:
        table.add_column(title, justify="right", no_wrap=True)

    best = {name: _best(rows, score) for name, score in SCORES.items()}
    for row in rows:
        cells = []
        for key in SCORES:
            shown = "-" if row.get(key) is None else f"{row[key]:.2f}"
            cells.append(f"[bold]{shown}[/bold]" if shown == best[key] and len(rows) > 1 else shown)
        cells += ["-" if row.get(key) is None else show(row[key]) for key, _, show in extra]
        table.add_row(str(row["name"]).replace("[", r"\["), *cells)
    return table


def print_table(
    table: Table, title: str | None = None, file: TextIO | None = None, whole: bool = False
) -> None:
    """Print to ``file`` (default: standard output); no colour codes unless that is a terminal.

    Args:
        whole: not on a terminal, be as wide as the table needs instead of 80 columns.
    """
    console = Console(file=file or sys.stdout, highlight=False)
    if whole and not console.is_terminal:
        console.width = max(console.measure(table, options=console.options.update_width(1000)).maximum, 1)
    if title:
        console.print(title, markup=False)
    console.print(table)


def _best(rows: list[dict[str, Any]], score: Score) -> str:
    """The best value of a score as it is shown; "" if no row has one."""
    shown = [f"{row[score.name]:.2f}" for row in rows if row.get(score.name) is not None]
    return (max if score.higher_is_better else min)(shown, key=float, default="")


def _count(value: float) -> str:
    """1295553 -> 1.30M, 941 -> 941."""
    if value >= 1e6:
        return f"{value / 1e6:.2f}M"
    return f"{value / 1e3:.0f}k" if value >= 1e4 else f"{value:.0f}"


def _seconds(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
