"""Makes the tables of docs/ from the results of benchmarks."""

from __future__ import annotations

from typing import Any, Dict

from benchmarks import export_tables, quality_tables, serving_tables, store_tables
from benchmarks.cells import BOUND_TITLES, GPU_TITLES, WHAT, bound_cells, gpu_cells, row_text
from benchmarks.markdown import Tables, markdown
from holle_tf import paper
from tuning.text import markdown as search_table


def recurrent(result: dict[str, Any]) -> str:
    rows = []
    for length, variants in result["lengths"].items():
        for name, found in variants.items():
            cells = [f"{found[kind][what]:.{n}f}" for what in ("training", "inference") for kind, n in KINDS]
            rows.append([f"{length} words, {name}", *cells])
    return markdown(["", "training, ms", "to Keras", "inference, ms", "to Keras"], rows)


def ports(result: dict[str, Any]) -> str:
    rows = [
        [
            f"{which}, {name}",
            *(f"{row[what][kind]:.{n}f}" for what in ("training", "inference") for kind, n in KINDS),
        ]
        for which, found in result["models"].items()
        for name, row in found.items()
    ]
    return markdown(["", "training, ms", "to the port", "inference, ms", "to the port"], rows)


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
    """Shares of core time, with a row for each kind of operation."""
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


KINDS = (("ms", 1), ("ratio", 2))


def steps(result: dict[str, Any]) -> str:
    rows = [
        [name, *(f"{row[what][kind]:.{n}f}" for what in ("training", "inference") for kind, n in KINDS)]
        for name, row in result["variants"].items()
    ]
    return markdown(["model, format", "training, ms", "to the first", "inference, ms", "to the first"], rows)


def pairs(result: dict[str, Any]) -> str:
    titles = [f"TensorFlow {each}, ms" for each in result["tensorflow"].values()]
    rows = [
        [name, f"{row['this']:.1f}", f"{row['other']:.1f}", f"{row['ratio']:.2f}"]
        for name, row in result["work"].items()
    ]
    return markdown(["", *titles, "ratio"], rows)


def reading(result: dict[str, Any]) -> str:
    rows = []
    for model, row in result.items():
        if isinstance(row, dict):
            rates = [f"{row['read']:,.0f}", f"{row['trained']:,.0f}", f"{row['read'] / row['trained']:.0f}"]
            rows.append([model, *rates, f"{row['padding']:.1%}"])
    head = f"Prepared: {result['prepared_per_second']:,.0f} examples a second"
    if "worker_seconds" in result:
        parent, workers = result["parent_seconds"], result["worker_seconds"]
        head += f"; core time {parent:.1f} s of the parent, {workers:.1f} s of its workers"
    head += ".\n\n"
    return head + markdown(["", "read, examples/s", "trained, examples/s", "ratio", "padding"], rows)


def growth(result: dict[str, Any]) -> str:
    found = {what: models for what in WHAT if (models := result[what])}
    sizes = [row["size"] for row in next(iter(found[WHAT[0]].values()))]
    unit = UNITS[result["vary"]][0]
    rows = [
        [f"{what}, {model}", *map(row_text, rows)] for what in found for model, rows in found[what].items()
    ]
    return markdown(["", *(f"{size:,} {unit}" for size in sizes)], rows)


# What grows -> its unit, and the label of its axis.
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
            published = paper.INFERENCE[setup]
            own = published.get(model, ())  # nothing of a model that is not the paper's
            theirs = [(value, value / published["sam"][i]) for i, value in enumerate(own)]
            cells = [f"{value:,.1f} ({ratio:.1f}x)" for value, ratio in ours + theirs]
            cells += ["-"] * (4 - len(cells))
            rows.append([f"{setup}, {model}", *cells])
    return markdown(["", "MB", "seconds", "paper: MB", "paper: seconds"], rows)


def training_costs(result: dict[str, Any]) -> str:
    found, rows = result["training"], []
    for model, row in found.items():
        ratio = row["seconds_per_epoch"] / found["sam"]["seconds_per_epoch"]
        published = paper.TRAINING.get(model)
        cells = [f"{row['parameters'] / 1e6:.2f} M", f"{row['seconds_per_epoch']:,.1f} ({ratio:.1f}x)"]
        cells += [
            f"{row['memory_mb']:,.0f}",
            f"{published[0]} M" if published else "-",
            f"{published[1]} ({published[1] / paper.TRAINING['sam'][1]:.1f}x)" if published else "-",
        ]
        rows.append([model, *cells])
    return markdown(["", "parameters", "s/epoch", "MB", "paper: parameters", "paper: s/epoch"], rows)


def corpus(result: dict[str, Any]) -> str:
    """Hours to read CORPUS documents at the measured rate."""
    rows = []
    for model in result["inference"]["sd"]:
        cells = []
        for setup in ("sd", "ld"):
            row = result["inference"][setup][model]
            cells.append(f"{row['seconds'] / row['examples'] * CORPUS / 3600:.1f}")
        rows.append([model, *cells])
    return markdown(["hours", "short documents", "long documents"], rows)


CORPUS = 10**6  # documents


def term_costs(result: dict[str, Any]) -> str:
    rows = [[name, f"{row['ms']:.1f}", f"{row['ratio']:.2f}"] for name, row in result["steps"].items()]
    return markdown(["recipe", "step, ms", "to add"], rows)


def teacher_costs(result: dict[str, Any]) -> str:
    found, count = result["epochs"], result["examples"]
    rows = [
        ["teacher reads all once", f"{found['caching']:.1f}", "-"],
        *([f"epoch, teacher {way}", f"{found[way]:.1f}", f"{found[way] / found['cached']:.2f}"]
          for way in ("cached", "on line")),
    ]  # fmt: skip
    return markdown([f"{count:,} examples", "seconds", "to the cached"], rows)


def board_costs(result: dict[str, Any]) -> str:
    found = result["board"]
    rows = [[name, f"{found[name]:.1f}"] for name in ("step", "gradients", "losses", "examples")]
    slower = f"\n\nA training step is {found['slower']:.1%} slower for it."
    return markdown(["", "ms"], rows) + slower


def cache_sizes(result: dict[str, Any]) -> str:
    rows = [
        [setup, f"{row['words']:.0f}", *(f"{row[kept] / 1e6:.2f}" for kept in ("all", "best"))]
        for setup, row in result["cache"].items()
    ]
    return markdown(["", "words of a document", "all positions, MB", "the paper's k, MB"], rows)


def trial_memory(result: dict[str, Any]) -> str:
    rows = []
    for name, found in result.items():
        values = found["mb"]
        shown = [values[0], values[len(values) // 4], values[-1], found["growth_mb_per_trial"]]
        rows.append([f"{len(values)} trials, {name}", *(f"{value:,.1f}" for value in shown)])
    return markdown(["MB", "after the first", "a quarter", "the last", "growth a trial"], rows)


def large_input(result: dict[str, Any]) -> str:
    size = f"{result['raw_gigabytes']:.1f} GB, {result['examples']:,} examples"
    numbers = ("seconds", "peak_mb", "largest_worker_mb")
    rate = result["examples"] / result["seconds"]
    row = [size, *(f"{result[key]:,.0f}" for key in numbers), f"{rate:,.0f}"]
    return markdown(["raw data", "seconds", "peak memory, MB", "largest worker, MB", "examples/s"], [row])


GROWTH = ("growth", "growth-batch", "growth-context", "growth-examples")  # results with a curve


def strategy(result: dict[str, Any]) -> str:
    rows = [
        [model, *(f"{row[key]:{shown}}" for key, shown in STRATEGY)]
        for model, row in result["models"].items()
    ]
    several = f"{result['workers']} processes"
    titles = ["examples a second", "1 process", several, "ratio", "1 process, all cores", "MB a step"]
    return markdown(titles, rows)


def search(result: dict[str, Any]) -> str:
    """The trials of ``--mode=tune``, best first."""
    rows = result["trials"]
    return search_table(rows, list(rows[0]["values"])).rstrip()


STRATEGY = (("one", ".1f"), ("several", ".1f"), ("ratio", ".2f"), ("all_cores", ".1f"), ("megabytes", ".1f"))

TABLES: Tables = {
    "recurrent-gru": ("recurrent-gru", recurrent),
    "recurrent-lstm": ("recurrent-lstm", recurrent),
    "steps": ("steps", steps),
    "pairs": ("pairs", pairs),
    "ports": ("ports", ports),
    "bounds": ("bounds", bounds),
    "gpu": ("bounds", gpu),
    "operations": ("operations", operations),
    "startup": ("startup", startup),
    "stock-layers": ("stock-layers", quality_tables.scores),
    "bfloat16": ("bfloat16", quality_tables.scores),
    "recurrent-torch": ("recurrent-torch", recurrent),
    "input": ("input", reading),
    "input-ld": ("input-ld", reading),
    **{name: (name, growth) for name in (*GROWTH, "growth-longest")},
    "terms": ("distillation", term_costs),
    "teacher": ("distillation", teacher_costs),
    "board": ("distillation", board_costs),
    "cache": ("long-teacher", cache_sizes),
    "long-teachers": ("long-teacher", quality_tables.long_teachers),
    "long-teachers-real": ("long-teacher-real", quality_tables.long_teachers),
    "service-goals": ("http-turns", serving_tables.goals),
    "corpus": ("costs", corpus),
    "table-1": ("costs", inference_costs),
    "table-5": ("costs", training_costs),
}
SEARCHES = ("tune-demo", "tune-demo-schedule", "tune-real")
# Saved by hand, from runs that are not jobs.
PUBLISHED = (
    *SEARCHES, "exports-real", "long-teacher-real",
    "few-labels-strong", "few-labels-again", "few-labels-long",
)  # fmt: skip
PAGES: Dict[str, Tables] = {
    "performance.md": TABLES,
    "serving.md": {
        "serving": ("serving", serving_tables.serving),
        "turns": ("turns", serving_tables.turns),
        "http-turns": ("http-turns", serving_tables.http_turns),
    },
    "documents.md": store_tables.TABLES,
    "export.md": export_tables.TABLES,
    "tuning.md": {
        "trial-memory": ("trial-memory", trial_memory),
        **{name: (name, search) for name in SEARCHES},
    },
    "recipes.md": quality_tables.TABLES,
    "findings.md": {
        name: (name, quality_tables.few_labels)
        for name in (
            "few-labels-strong",
            "few-labels",
            "few-labels-again",
            "few-labels-long",
            "few-labels-demo",
        )
    },
    "scaling.md": {"strategy": ("strategy", strategy)},
    "preparing.md": {"large-input": ("large-input", large_input)},
}
