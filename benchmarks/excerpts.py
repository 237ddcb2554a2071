"""Measures whether short documents give away their answers, which a teacher of them would learn.

    .venv/bin/python -m benchmarks.excerpts --data_dir=FOLDER --glove=FILE [--run_dir=TEACHER]

A short document is an excerpt of a long document, chosen so that it contains the answer. If an excerpt has
the opening of the long document, how often is the answer in that opening, compared with the long documents?
The excerpts of the data are compared with windows cut at random (``--setup=windows``). With a teacher, the
benchmark also measures how often the predicted span starts like the opening, in the documents that it was
trained on and, read in chunks, in the long documents. The last line is JSON.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from absl import app, flags
from rich.table import Table

from benchmarks.openings import opening, shares
from benchmarks.own_data import demo_or_own
from holle_tf.config import Config
from holle_tf.drawing.terminal_table import print_table
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import ensure_scores, predictions_of
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.system.console_logging import configure_console
from pipelines.example import Example
from pipelines.prepare import PreparedData
from pipelines.records import read_examples

SETUPS = ("sd", "windows", "ld")

_DATA_DIR = flags.DEFINE_string("data_dir", None, "folder of the raw chats (default: the demo corpus)")
_GLOVE = flags.DEFINE_string("glove", None, "word vectors")
_RUNS_DIR = flags.DEFINE_string("runs_dir", "runs", "where prepared data go")
_RUN_DIR = flags.DEFINE_string("run_dir", None, "run of a teacher of short documents or of windows")


def predicted(run: RunFolder, prepared: PreparedData, config: Config, examples: list[Example]) -> float:
    """Share of the examples whose predicted span starts like the long document."""
    run_on_data = RunOnData(run, prepared, config)
    ensure_scores(run_on_data, "test")
    spans = {span.example_id: span.prediction for span in predictions_of(run_on_data, "test")}
    found = 0
    for example in examples:
        words = opening(example.document)
        span = spans[example.example_id]
        found += bool(span) and words.startswith(span[: len(words)])
    return found / len(examples)


def main(argv: list[str]) -> None:
    configure_console()
    del argv
    report: dict[str, Any] = {}
    data: dict[str, tuple[Config, PreparedData, list[Example]]] = {}
    for setup in SETUPS:
        given = {"runs_dir": _RUNS_DIR.value, "data.setup": setup}
        config = demo_or_own(_DATA_DIR.value, _GLOVE.value, given)
        prepared = open_data(config)
        data[setup] = config, prepared, read_examples(prepared, "test")
    # A setup lacks the examples whose span is not in its document.
    common = set.intersection(*({example.example_id for example in data[setup][2]} for setup in SETUPS))
    examples = {
        setup: [example for example in data[setup][2] if example.example_id in common] for setup in SETUPS
    }
    report["examples"] = len(common)
    report["shares"] = {setup: shares(examples[setup], examples["ld"]) for setup in SETUPS}
    if _RUN_DIR.value:
        run = RunFolder(Path(_RUN_DIR.value))
        for setup in (run.config().data.setup, "ld"):
            config, prepared, _ = data[setup]
            report["shares"][setup]["predicted there"] = predicted(run, prepared, config, examples["ld"])
    table = Table("", *SETUPS)
    for name in ("documents with the opening", "answer there, of those", "predicted there"):
        found = [report["shares"][setup].get(name) for setup in SETUPS]
        table.add_row(name, *("" if share is None else f"{share:.1%}" for share in found))
    print_table(table, f"{report['examples']} test examples")
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
