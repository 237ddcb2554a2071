"""The tables of measurements in docs/, and a plot, made from ``benchmarks/results/*.json``.

    .venv/bin/python -m benchmarks.report

Replaces what stands between ``<!-- NAME -->`` and ``<!-- end -->``; the text around it is written by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from absl import app, flags
from matplotlib.figure import Figure

from benchmarks.tables import PAGES, WHAT, Tables
from pipelines.errors import UserError

_RESULTS = flags.DEFINE_string("results", "benchmarks/results", "folder of the JSON files")
_DOCS = flags.DEFINE_string("docs", "docs", "folder of the pages whose tables are replaced")
_PLOT = flags.DEFINE_string("plot", "docs/images/growth.png", "where the curves of growth go")


def fill(page: str, results: dict[str, dict[str, Any]], tables: Tables) -> str:
    """``page`` with those of its ``tables`` of which there are results.

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


def plot(result: dict[str, Any], path: Path) -> None:
    """Time and memory against the length of the document, both axes logarithmic."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, key, label in zip(panels, ("seconds", "memory_mb"), ("seconds", "peak memory, MB")):
        for what, style in zip(WHAT, ("-", "--")):
            for i, (model, rows) in enumerate(result[what].items()):
                words = [row["words"] for row in rows]
                name = f"{model}, {what}"
                axes.loglog(words, [row[key] for row in rows], style, marker="o", color=f"C{i}", label=name)
        axes.set(xlabel="words of the document", ylabel=label)
        axes.grid(True, alpha=0.3)
    panels[0].legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main(_: list[str]) -> None:
    found = {path.stem: json.loads(path.read_text()) for path in sorted(Path(_RESULTS.value).glob("*.json"))}
    for name, tables in PAGES.items():
        page = Path(_DOCS.value) / name
        page.write_text(fill(page.read_text(encoding="utf-8"), found, tables), encoding="utf-8")
    if "growth" in found:
        plot(found["growth"]["result"], Path(_PLOT.value))
    print(f"{', '.join(PAGES)}: {len(found)} results")


if __name__ == "__main__":
    app.run(main)
