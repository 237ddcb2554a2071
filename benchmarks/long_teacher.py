"""Compares teachers and ways of merging chunks on long documents, and measures sizes of teacher caches.

    .venv/bin/python -m benchmarks.long_teacher --runs_dir=runs
    .venv/bin/python -m benchmarks.long_teacher --data_dir=FOLDER --glove=FILE --runs_dir=runs

Takes a QANeT trained on short documents and a QANeT trained on windows cut at random out of long documents,
and trains them if ``runs_dir`` lacks them. Both read the test split of the long documents in chunks, merged
in either way; with ``--teachers=chunks,windows,whole``, so does a QANeT trained on whole long documents,
without chunks. All read the same examples, so differences have paired bootstrap intervals. The last line is
JSON.
"""

from __future__ import annotations

import json
from typing import Any, Iterator

from absl import app, flags
from rich.table import Table

from benchmarks.own_data import demo_or_own
from holle_tf.config import Config
from holle_tf.distill.teacher_cache import ensure_teacher_cache
from holle_tf.distill.terms import default_top_k
from holle_tf.drawing.terminal_table import print_table
from holle_tf.evaluate.predictions import read_predictions
from holle_tf.evaluate.statistics import paired_bootstrap
from holle_tf.options.distill import CHUNK_MERGES
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import ensure_scores
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.system.console_logging import configure_console
from holle_tf.training.distillation import find_or_train_teachers

_RUNS_DIR = flags.DEFINE_string("runs_dir", "runs", "folder of the teachers' runs")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "folder of the raw chats (default: the demo corpus)")
_GLOVE = flags.DEFINE_string("glove", None, "word vectors")
_TEACHERS = flags.DEFINE_list("teachers", ["chunks", "windows"], "values of distill.long_teacher")
_SET = flags.DEFINE_multi_string("set", [], "options of the configuration, as for holle_tf.main")

RESAMPLES = 10_000


def configuration(setup: str, **options: str) -> Config:
    """The configuration for a setup of the demo corpus, or of the user's data on a CPU."""
    given = {"runs_dir": _RUNS_DIR.value, "model": "qanet", "teacher": "qanet", "data.setup": setup}
    given.update({f"distill.{name}": value for name, value in options.items() if value})
    return demo_or_own(_DATA_DIR.value, _GLOVE.value, given, _SET.value)


def runs_on_data(teacher: str) -> Iterator[tuple[str, RunOnData]]:
    """A teacher with the long documents, once for each way of merging; only once if they are read whole.

    Args:
        teacher: value of ``distill.long_teacher``.
    """
    config = configuration("ld", long_teacher=teacher)
    run, *_ = find_or_train_teachers(config, open_data(config), None)
    assert isinstance(run, RunFolder)
    for merge in CHUNK_MERGES if teacher != "whole" else ("",):
        config = configuration("ld", chunk_merge=merge)
        yield merge, RunOnData(run, open_data(config), config)


def compare_teachers() -> list[dict[str, Any]]:
    """Test F1 and EM on long documents by teacher and way of merging, with differences to the first."""
    rows: list[dict[str, Any]] = []
    first: list[float] = []
    for teacher in _TEACHERS.value:
        for merge, run_on_data in runs_on_data(teacher):
            ensure_scores(run_on_data, "test")
            f1 = [span.f1 for span in read_predictions(run_on_data.folder / "predictions.jsonl")]
            scores = {name: run_on_data.scores()["test"][name] for name in ("f1", "em")}
            difference = paired_bootstrap(f1, first, RESAMPLES)._asdict() if first else None
            first = first or f1
            about = {"teacher": teacher, "merge": merge, "examples": len(f1)}
            rows.append({**about, **scores, "difference": difference})
    return rows


def cache_sizes() -> dict[str, dict[str, float]]:
    """Bytes of a cache of 10,000 examples by setup, with all positions and with the paper's k."""
    short = configuration("sd")
    teacher, *_ = find_or_train_teachers(short, open_data(short), None)
    assert isinstance(teacher, RunFolder)
    report: dict[str, dict[str, float]] = {}
    for setup in ("sd", "ld"):
        config = configuration(setup)
        run_on_data = RunOnData(teacher, open_data(config), config)
        load, count = run_on_data.load_model, run_on_data.prepared.count("dev")
        report[setup] = {"words": run_on_data.prepared.mean_words("dev")["document"]}
        for name, k in (("all", 0), ("best", default_top_k(setup))):
            folder = ensure_teacher_cache(
                load, teacher.weights, run_on_data.prepared, "dev", 32, run_on_data.chunks, k
            )
            size = sum(path.stat().st_size for path in folder.glob("*.tfrecord.gz"))
            report[setup][name] = size / count * 10_000
    return report


def main(_: list[str]) -> None:
    configure_console()
    report: dict[str, Any] = {"teachers": compare_teachers(), "cache": cache_sizes()}
    table = Table("teacher", "chunks merged by", "F1", "EM")
    for row in report["teachers"]:
        table.add_row(row["teacher"], row["merge"], f"{row['f1']:.1f}", f"{row['em']:.1f}")
    print_table(table)
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
