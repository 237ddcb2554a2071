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

from benchmarks.cells import BOUND_TITLES, GPU_TITLES, WHAT, bound_cells, gpu_cells, row_text
from holle_tf.workflow.benchmark import PAPER_INFERENCE, PAPER_TRAINING
from pipelines.errors import UserError

_RESULTS = flags.DEFINE_string("results", "benchmarks/results", "folder of the JSON files")
_PAGE = flags.DEFINE_string("page", "docs/performance.md", "page whose tables are replaced")
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
    head = (
        f"Matrix products here: {result['gigaflops_per_second']:,.0f} GFLOP/s; memory, read and written: "
        f"{result['gigabytes_per_second']:,.0f} GB/s.\n\n"
    )
    return head + markdown(["", *BOUND_TITLES], rows)


def gpu(result: dict[str, Any]) -> str:
    rows = [[model, *gpu_cells(row)] for model, row in result["models"].items()]
    return f"On paper, {result['gpu']}.\n\n" + markdown(["", *GPU_TITLES], rows)


def operations(result: dict[str, Any]) -> str:
    """Shares of core time, kinds of operations by rows."""
    variants = result["variants"]
    kinds = list(dict.fromkeys(kind for found in variants.values() for kind in found["core_ms"]))
    totals = {name: sum(found["core_ms"].values()) for name, found in variants.items()}
    shares = {
        kind: [found["core_ms"].get(kind, 0.0) / totals[name] for name, found in variants.items()]
        for kind in kinds
    }
    rows = [
        [kind, *(f"{share:.0%}" for share in shares[kind])]
        for kind in sorted(kinds, key=lambda k: shares[k], reverse=True)
    ]
    return markdown(["", *variants], [row for row in rows if set(row[1:]) != {"0%"}])


def startup(result: dict[str, Any]) -> str:
    rows = [
        [
            f"{size}, {model}",
            *(f"{row[key]:.1f}" if key in row else "-" for key in ("from nothing", "prepared")),
        ]
        for size, models in result["seconds"].items()
        for model, row in models.items()
    ]
    return markdown(["seconds", "from nothing", "data prepared"], rows)


def scores(result: dict[str, Any]) -> str:
    """F1 of every seed, the mean, and the paired difference with its standard error."""
    rows = []
    for value, of_seed in result["runs"].items():
        row = result["summary"][value]["f1"]
        error = f" ± {row['standard_error']:.1f}" if row.get("standard_error") else ""
        cells = [", ".join(f"{found['f1']:.1f}" for found in of_seed.values()), f"{row['mean']:.1f}"]
        cells += [f"{row['difference']:+.1f}{error}", f"{result['summary'][value]['em']['mean']:.1f}"]
        rows.append([f"`{result['option']}={value}`", *cells])
    return markdown(["", "F1 by seed", "mean F1", "difference", "mean EM"], rows)


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
    found = {what: models for what in WHAT if (models := result[what])}
    sizes = [row["size"] for row in next(iter(found[WHAT[0]].values()))]
    unit = UNITS[result["vary"]][0]
    rows = [
        [f"{what}, {model}", *map(row_text, rows)] for what in found for model, rows in found[what].items()
    ]
    return markdown(["", *(f"{size:,} {unit}" for size in sizes)], rows)


# What grows: its unit, and the label of its axis.
UNITS = {
    "document": ("words", "words of the document"),
    "batch": ("documents", "documents in a batch"),
    "context": ("words", "words of the query and of each history"),
    "examples": ("examples", "examples read, in batches of 32"),
}


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
TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "recurrent-gru": ("recurrent-gru", recurrent),
    "recurrent-lstm": ("recurrent-lstm", recurrent),
    "steps": ("steps", steps),
    "bounds": ("bounds", bounds),
    "gpu": ("bounds", gpu),
    "operations": ("operations", operations),
    "startup": ("startup", startup),
    "stock-layers": ("stock-layers", scores),
    "bfloat16": ("bfloat16", scores),
    "recurrent-torch": ("recurrent-torch", recurrent),
    "input": ("input", reading),
    "input-ld": ("input-ld", reading),
    **{name: (name, growth) for name in ("growth", "growth-batch", "growth-context", "growth-examples")},
    "corpus": ("costs", corpus),
    "table-1": ("costs", inference_costs),
    "table-5": ("costs", training_costs),
}


def fill(page: str, results: dict[str, dict[str, Any]]) -> str:
    """``page`` with the tables of all results that there are.

    Raises:
        UserError: a result has no mark in the page.
    """
    for mark, (name, make) in TABLES.items():
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
    """Time and memory against each of what grows, all axes logarithmic; projected times are hollow."""
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
    page = Path(_PAGE.value)
    page.write_text(fill(page.read_text(encoding="utf-8"), found), encoding="utf-8")
    growths = [found[name]["result"] for name in TABLES if name.startswith("growth") and name in found]
    if growths:
        plot(growths, Path(_PLOT.value))
    print(f"{page}: {len(found)} results")


if __name__ == "__main__":
    app.run(main)
