"""Measures whether short documents give away their answers, which a teacher of them would learn.

    .venv/bin/python -m benchmarks.excerpts --data_dir=FOLDER
    .venv/bin/python -m benchmarks.excerpts --data_dir=FOLDER --glove=FILE --run_dir=TEACHER
    .venv/bin/python -m benchmarks.excerpts --schema=quac

A short document is an excerpt of a long document, chosen so that it contains the answer. If an excerpt has
the opening of the long document, how often is the answer in that opening, compared with the long documents?
The excerpts of the data are compared with windows cut at random (``--setup=windows``). How many answers are
in the middle third of their documents tells whether excerpts were cut around them. With a teacher, the
benchmark also measures how often the predicted span starts like the opening, in the documents that it was
trained on and, read in chunks, in the long documents. ``--schema`` takes synthetic documents of 1,000 words
in place of data, with answers anywhere (``schema_files``). The last line is JSON.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from absl import app, flags
from rich.table import Table

from benchmarks.openings import opening, share_in_the_middle, shares
from benchmarks.own_data import demo_or_own
from benchmarks.schema_files import SCHEMAS, write_schema
from holle_tf.config import Config
from holle_tf.drawing.terminal_table import print_table
from holle_tf.runs.data import open_data, raw_data
from holle_tf.runs.evaluation import ensure_scores, predictions_of
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.system.console_logging import configure_console
from pipelines.example import Example
from pipelines.prepare import PreparedData
from pipelines.records import read_examples
from pipelines.splits import read_split

SETUPS = ("sd", "windows", "ld")

_DATA_DIR = flags.DEFINE_string("data_dir", None, "folder of the raw chats (default: the demo corpus)")
_GLOVE = flags.DEFINE_string("glove", None, "word vectors; only for --run_dir")
_SCHEMA = flags.DEFINE_enum("schema", None, list(SCHEMAS), "synthetic data in it, in place of --data_dir")
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
    data: dict[str, tuple[Config, PreparedData]] = {}
    found: dict[str, list[Example]] = {}
    with tempfile.TemporaryDirectory() as folder:
        if _SCHEMA.value:
            write_schema(Path(folder), _SCHEMA.value, documents=300, words=1000)
        for setup in SETUPS:
            given = {"runs_dir": _RUNS_DIR.value, "data.setup": setup}
            config = demo_or_own(folder if _SCHEMA.value else _DATA_DIR.value, _GLOVE.value, given)
            if _RUN_DIR.value:
                prepared = open_data(config)
                data[setup], found[setup] = (config, prepared), read_examples(prepared, "test")
            else:
                found[setup], _ = read_split(raw_data(config)[0], "test", config.data)
    # A setup lacks the examples whose span is not in its document.
    common = set.intersection(*({example.example_id for example in found[setup]} for setup in SETUPS))
    examples = {
        setup: [example for example in found[setup] if example.example_id in common] for setup in SETUPS
    }
    report["examples"] = len(common)
    report["shares"] = {
        setup: {
            **shares(examples[setup], examples["ld"]),
            "answer in the middle third": share_in_the_middle(examples[setup]),
        }
        for setup in SETUPS
    }
    if _RUN_DIR.value:
        run = RunFolder(Path(_RUN_DIR.value))
        for setup in (run.config().data.setup, "ld"):
            config, prepared = data[setup]
            report["shares"][setup]["predicted there"] = predicted(run, prepared, config, examples["ld"])
    table = Table("", *SETUPS)
    for name in (
        "documents with the opening",
        "answer there, of those",
        "answer in the middle third",
        "predicted there",
    ):
        row = [report["shares"][setup].get(name) for setup in SETUPS]
        table.add_row(name, *("" if share is None else f"{share:.1%}" for share in row))
    print_table(table, f"{report['examples']} test examples")
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
