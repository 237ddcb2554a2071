"""Tables and a plot of docs/performance.md, made from ``benchmarks/results/*.json``.

    .venv/bin/python -m benchmarks.report

Replaces what stands between ``<!-- NAME -->`` and ``<!-- end -->``; the text around it is written by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterable

from absl import app, flags
from matplotlib.figure import Figure

from benchmarks.bounds import bound_cells
from holle_tf.workflow.benchmark import PAPER_INFERENCE, PAPER_TRAINING
from pipelines.errors import UserError

_RESULTS = flags.DEFINE_string("results", "benchmarks/results", "folder of the JSON files")
_PAGE = flags.DEFINE_string("page", "docs/performance.md", "page whose tables are replaced")
_EXPORT_PAGE = flags.DEFINE_string("export_page", "docs/export.md", "page of the tables of exports")
_PLOT = flags.DEFINE_string("plot", "docs/images/growth.png", "where the curves of growth go")


def markdown(titles: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table, numbers to the right."""
    titles = list(titles)
    lines = [titles, ["---"] + ["---:"] * (len(titles) - 1), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def recurrent(result: dict[str, Any]) -> str:
    rows = []
    for length, variants in result["lengths"].items():
        for name, found in variants.items():
            cells = [f"{found[kind][what]:.{n}f}" for what in ("training", "inference") for kind, n in KINDS]
            rows.append([f"{length} words, {name}", *cells])
    return markdown(["", "training, ms", "to Keras", "inference, ms", "to Keras"], rows)


def bounds(result: dict[str, Any]) -> str:
    rows = [[model, *bound_cells(row)] for model, row in result["models"].items()]
    head = f"Matrix products here: {result['gigaflops_per_second']:,.0f} GFLOP/s.\n\n"
    titles = [
        "",
        "GFLOP of reading",
        "training, ms",
        "bound, ms",
        "share",
        "inference, ms",
        "bound, ms",
        "share",
    ]
    return head + markdown(titles, rows)


KINDS = (("ms", 1), ("ratio", 2))


def steps(result: dict[str, Any]) -> str:
    rows = [
        [name, *(f"{row[what][kind]:.{n}f}" for what in ("training", "inference") for kind, n in KINDS)]
        for name, row in result["variants"].items()
    ]
    return markdown(["model, format", "training, ms", "to the first", "inference, ms", "to the first"], rows)


def reading(result: dict[str, Any]) -> str:
    rows = []
    for model, row in result.items():
        if isinstance(row, dict):
            rates = [f"{row['read']:,.0f}", f"{row['trained']:,.0f}", f"{row['read'] / row['trained']:.0f}"]
            rows.append([model, *rates, f"{row['padding']:.1%}"])
    head = f"Prepared: {result['prepared_per_second']:,.0f} examples a second.\n\n"
    return head + markdown(["", "read, examples/s", "trained, examples/s", "ratio", "padding"], rows)


def growth(result: dict[str, Any]) -> str:
    lengths = sorted({row["words"] for what in WHAT for rows in result[what].values() for row in rows})
    rows = []
    for what in WHAT:
        for model, found in result[what].items():
            cells = {row["words"]: f"{row['seconds']:.3f} s, {row['memory_mb']:,.0f} MB" for row in found}
            rows.append([f"{what}, {model}", *(cells.get(length, "-") for length in lengths)])
    return markdown(["", *(f"{length:,} words" for length in lengths)], rows)


WHAT = ("inference", "training")


def inference_costs(result: dict[str, Any]) -> str:
    rows = []
    for setup, models in result["inference"].items():
        for model, row in models.items():
            ours = [(row[key], row[key] / models["sam"][key]) for key in ("memory_mb", "seconds")]
            paper = PAPER_INFERENCE[setup]
            theirs = [(paper[model][i], paper[model][i] / paper["sam"][i]) for i in range(2)]
            cells = [f"{value:,.1f} ({ratio:.1f}x)" for value, ratio in ours + theirs]
            rows.append([f"{setup}, {model}", *cells])
    return markdown(["", "MB", "seconds", "paper: MB", "paper: seconds"], rows)


def training_costs(result: dict[str, Any]) -> str:
    found, rows = result["training"], []
    for model, row in found.items():
        ratio = row["seconds_per_epoch"] / found["sam"]["seconds_per_epoch"]
        millions, seconds = PAPER_TRAINING[model]
        cells = [f"{row['parameters'] / 1e6:.2f} M", f"{row['seconds_per_epoch']:,.1f} ({ratio:.1f}x)"]
        cells += [
            f"{row['memory_mb']:,.0f}",
            f"{millions} M",
            f"{seconds} ({seconds / PAPER_TRAINING['sam'][1]:.1f}x)",
        ]
        rows.append([model, *cells])
    return markdown(["", "parameters", "s/epoch", "MB", "paper: parameters", "paper: s/epoch"], rows)


def corpus(result: dict[str, Any]) -> str:
    """Reading CORPUS documents at the measured rate."""
    rows = []
    for model in result["inference"]["sd"]:
        cells = []
        for setup in ("sd", "ld"):
            row = result["inference"][setup][model]
            cells.append(f"{row['seconds'] / row['examples'] * CORPUS / 3600:.1f}")
        rows.append([model, *cells])
    return markdown(["hours", "short documents", "long documents"], rows)


CORPUS = 10**6  # documents


# Name of the mark in the page: name of the result, and what makes a table of it.
Tables = dict[str, tuple[str, Callable[[dict[str, Any]], str]]]
TABLES: Tables = {
    "recurrent-gru": ("recurrent-gru", recurrent),
    "recurrent-lstm": ("recurrent-lstm", recurrent),
    "steps": ("steps", steps),
    "bounds": ("bounds", bounds),
    "input": ("input", reading),
    "input-ld": ("input-ld", reading),
    "growth": ("growth", growth),
    "corpus": ("costs", corpus),
    "table-1": ("costs", inference_costs),
    "table-5": ("costs", training_costs),
}


def fill(page: str, results: dict[str, dict[str, Any]], tables: Tables = TABLES) -> str:
    """``page`` with the tables of all results that there are.

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
    from benchmarks import export_tables  # which makes its tables with ``markdown``

    page, of_exports = Path(_PAGE.value), Path(_EXPORT_PAGE.value)
    pages: list[tuple[Path, Tables]] = [(page, TABLES), (of_exports, export_tables.TABLES)]
    for path, tables in pages:
        path.write_text(fill(path.read_text(encoding="utf-8"), found, tables), encoding="utf-8")
    if "growth" in found:
        plot(found["growth"]["result"], Path(_PLOT.value))
    print(f"{page}: {len(found)} results")


if __name__ == "__main__":
    app.run(main)
