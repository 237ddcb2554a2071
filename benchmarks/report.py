"""Makes the tables of measurements in docs/, and a plot, from ``benchmarks/results/*.json``.

    .venv/bin/python -m benchmarks.report

Replaces the text between ``<!-- NAME -->`` and ``<!-- end -->``; the text around it is written by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from absl import app, flags
from matplotlib.figure import Figure

from benchmarks.cells import WHAT
from benchmarks.markdown import Tables
from benchmarks.tables import GROWTH, PAGES, UNITS
from pipelines.errors import UserError

_RESULTS = flags.DEFINE_string("results", "benchmarks/results", "folder of the JSON files")
_DOCS = flags.DEFINE_string("docs", "docs", "folder of the pages with the tables")
_PLOT = flags.DEFINE_string("plot", "docs/images/growth.png", "file for the curves of growth")


def fill(page: str, results: dict[str, dict[str, Any]], tables: Tables) -> str:
    """``page`` with new tables, as far as there are results.

    Raises:
        UserError: a result has no mark in the page.
    """
    for mark, (name, make) in tables.items():
        if name not in results:
            continue
        result = results[name]
        cpu, cores = result["machine"]["cpu"], result["machine"]["cores"]
        table = f"{make(result['result'])}\n\n`{result['command']}`, {cores} cores, {cpu}."
        begin, end = f"<!-- {mark} -->\n", "<!-- end -->"
        before, found, rest = page.partition(begin)
        if not found or end not in rest:
            raise UserError(f"the page has no {begin.strip()} ... {end} for the result of that name.")
        page = f"{before}{begin}{table}\n{rest[rest.index(end) :]}"
    return page


def plot(results: list[dict[str, Any]], path: Path) -> None:
    """Plot time and memory against each size, with logarithmic axes; projected times are hollow."""
    figure = Figure(figsize=(4.2 * len(results), 6.4), layout="constrained")
    panels = figure.subplots(2, len(results), squeeze=False)
    for column, result in enumerate(results):
        for axes, key, label in zip(
            panels[:, column], ("seconds", "memory_mb"), ("seconds", "peak memory, MB")
        ):
            for what, style in zip(WHAT, ("-", "--")):
                for i, (model, rows) in enumerate(result[what].items()):
                    known = [row for row in rows if key in row]
                    sizes, values = [row["size"] for row in known], [row[key] for row in known]
                    axes.loglog(sizes, values, style, color=f"C{i}", label=f"{model}, {what}")
                    for row in known:
                        fill = f"C{i}" if "memory_mb" in row else "white"
                        axes.plot(row["size"], row[key], "o", color=f"C{i}", markerfacecolor=fill)
            axes.set(xlabel=UNITS[result["vary"]][1], ylabel=label)
            axes.grid(True, alpha=0.3)
    panels[0, 0].legend(fontsize=7)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def main(_: list[str]) -> None:
    found = {path.stem: json.loads(path.read_text()) for path in sorted(Path(_RESULTS.value).glob("*.json"))}
    for name, tables in PAGES.items():
        page = Path(_DOCS.value) / name
        page.write_text(fill(page.read_text(encoding="utf-8"), found, tables), encoding="utf-8")
    growths = [found[name]["result"] for name in GROWTH if name in found]
    if growths:
        plot(growths, Path(_PLOT.value))
    print(f"{', '.join(PAGES)}: {len(found)} results")


if __name__ == "__main__":
    app.run(main)
