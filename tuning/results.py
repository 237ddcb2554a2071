"""Results of a search: rows, Pareto fronts, tables, and the configuration of the best trial."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, Sequence

import yaml
from rich import box
from rich.table import Table

from holle_tf.config import values_of
from holle_tf.config_sources import load_config, preset
from holle_tf.options.tuning import OBJECTIVES
from holle_tf.runs.run_folder import versions, write_text
from holle_tf.system.machine import command_line, machine
from tuning.plan import Plan
from tuning.search import SearchTuner, read_outcome
from tuning.text import COMPLETED, FRONT, front_of, markdown, short_names
from tuning.trial import full_config

COSTS = ("parameters", "seconds")
SCORES = ("val_f1", "val_em", "val_loss")
OTHERS = ("seconds_per_epoch", "epochs", "best_epoch", "precision", "peak_memory_mb")


def trial_rows(tuner: SearchTuner, plan: Plan) -> list[dict[str, Any]]:
    """A row for each trial that ended, the best first and failed trials last.

    A row has ``trial`` (from 1), ``status`` and ``values`` by key. The row of a completed trial also has the
    scores, the costs, ``front``, ``OTHERS`` and ``objective``, the number reported to keras-tuner; that of a
    failed trial has ``error``.
    """
    rows = []
    for trial_id, trial in tuner.oracle.trials.items():
        if trial.status not in (COMPLETED, "FAILED"):
            continue
        outcome = read_outcome(Path(tuner.get_trial_dir(trial_id)))
        row = {
            "trial": int(trial_id) + 1,
            "status": trial.status,
            "values": plan.space.values(trial.hyperparameters.values),
        }
        if trial.status == COMPLETED:
            row.update({name: outcome[name] for name in (*SCORES, *COSTS, *OTHERS)}, objective=trial.score)
        else:
            row["error"] = outcome.get("error") or trial.message or "no reason given"
        rows.append(row)
    sign = -1 if OBJECTIVES[plan.config.tuning.objective] == "max" else 1
    rows.sort(key=lambda row: (row["status"] != COMPLETED, sign * row.get("objective", 0.0), row["trial"]))
    mark_fronts(rows)
    return rows


def mark_fronts(rows: Sequence[dict[str, Any]]) -> None:
    """Set ``front`` of every completed row.

    A trial is on the front of a cost unless another has an F1 as high at a cost as low, and is better in
    either.
    """
    done = [row for row in rows if row["status"] == COMPLETED]
    for row in done:
        row[FRONT] = [cost for cost in COSTS if not any(_dominates(other, row, cost) for other in done)]


def _dominates(row: dict[str, Any], other: dict[str, Any], cost: str) -> bool:
    no_worse = row["val_f1"] >= other["val_f1"] and row[cost] <= other[cost]
    return no_worse and (row["val_f1"] > other["val_f1"] or row[cost] < other[cost])


def results_table(rows: Sequence[dict[str, Any]], plan: Plan) -> Table:
    """The rows as a table for the terminal."""
    names = short_names([parameter.key for parameter in plan.space.parameters])
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("trial", "F1", "EM", "loss", "params", "seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("front", no_wrap=True)
    table.add_column("values", overflow="fold")
    for row in rows:
        values = " ".join(f"{names[key]}={value}" for key, value in row["values"].items())
        if row["status"] != COMPLETED:
            error = str(row["error"]).replace("[", r"\[")
            table.add_row(str(row["trial"]), "-", "-", "-", "-", "-", "failed", f"{values}: {error}")
            continue
        cells = [f"{row['val_f1']:.2f}", f"{row['val_em']:.2f}", f"{row['val_loss']:.3f}"]
        cells += [f"{row['parameters']:,.0f}", f"{row['seconds']:.0f}", front_of(row)]
        table.add_row(str(row["trial"]), *cells, values)
    return table


def write_results(rows: Sequence[dict[str, Any]], plan: Plan, elapsed: float) -> list[Path]:
    """Write ``trials.json``, ``trials.csv``, ``trials.md`` and, if a trial was completed, ``best.yaml``.

    Args:
        elapsed: seconds that the search took.
    """
    folder, keys = plan.folder, [parameter.key for parameter in plan.space.parameters]
    options = plan.config.tuning
    summary = {
        "command": command_line(),
        "machine": machine(),
        "versions": versions(),
        "space": plan.space.name,
        "tuner": plan.tuner,
        "objective": options.objective,
        "epochs": plan.epochs,
        "executions": options.executions,
        "elapsed_seconds": round(elapsed, 1),
        "trials": list(rows),
    }
    written = {"trials.json": json.dumps(summary, indent=1), "trials.csv": _csv(rows, keys)}
    written["trials.md"] = markdown(rows, keys)
    if rows and rows[0]["status"] == COMPLETED:
        written["best.yaml"] = best_yaml(rows[0], plan)
    for name, text in written.items():
        write_text(folder / name, text)
    return [folder / name for name in written]


def best_yaml(row: dict[str, Any], plan: Plan) -> str:
    """A configuration that trains with the values of ``row`` on the data of the search.

    It has the searched keys, and all others that differ from the defaults.
    """
    config = full_config(plan.config, row["values"])
    # The defaults of --mode=train.
    defaults = values_of(load_config() if config.data_dir else load_config([preset("demo")]))
    tree: dict[str, Any] = {}
    for key, value in values_of(config).items():
        same = key in defaults and value == defaults[key]
        if key.startswith("tuning.") or same and key not in row["values"]:
            continue
        *sections, last = key.split(".")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
        node[last] = value
    mode = "distill" if plan.teachers else "train"
    objective = plan.config.tuning.objective
    head = [
        f"# The best of a search, trial {row['trial']}: {objective} {row['objective']:.4f} on dev.",
        f"# python -m holle_tf.main --mode={mode} --config={plan.folder / 'best.yaml'}",
    ]
    return "\n".join(head) + "\n" + yaml.safe_dump(tree, sort_keys=False)


def _csv(rows: Sequence[dict[str, Any]], keys: Sequence[str]) -> str:
    file = io.StringIO()
    titles = ["trial", "status", *keys, *SCORES, *COSTS, *OTHERS, FRONT, "error"]
    writer = csv.DictWriter(file, titles, extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, **row["values"], FRONT: " ".join(row.get(FRONT, []))})
    return file.getvalue()
