"""Which way of merging chunks reads long documents better, and how large a teacher's cache is.

    .venv/bin/python -m benchmarks.long_teacher --runs_dir=runs

Takes a demo QANeT trained on short documents (and trains it first if ``runs_dir`` has none, which takes
minutes), and lets it read the test split of the long ones in chunks, merged in either way. Both read the same
examples, so their difference has a paired bootstrap interval. The last line is JSON.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from absl import app, flags
from rich.table import Table
from tqdm import tqdm

from holle_tf.config import Config, load_config, preset
from holle_tf.distill.teacher_cache import ensure_teacher_cache
from holle_tf.distill.terms import default_top_k
from holle_tf.evaluate.predictions import read_predictions
from holle_tf.evaluate.statistics import paired_bootstrap
from holle_tf.evaluate.tables import print_table
from holle_tf.models.config import CHUNK_MERGES
from holle_tf.workflow.data import open_data
from holle_tf.workflow.evaluation import ensure_scores
from holle_tf.workflow.reading import Reading
from holle_tf.workflow.run_folder import RunFolder
from holle_tf.workflow.training import ensure_run, find_teacher

_RUNS_DIR = flags.DEFINE_string("runs_dir", "runs", "where the teacher is, or will be")
_SET = flags.DEFINE_multi_string("set", [], "options of the configuration, as in holle_tf.main")

RESAMPLES = 10_000


def demo(setup: str, merge: str = CHUNK_MERGES[0]) -> Config:
    """The demo's configuration for documents of one length."""
    given = {"runs_dir": _RUNS_DIR.value, "data.setup": setup, "distill.chunk_merge": merge}
    return load_config([preset("demo")], _SET.value, given)


def compare_merges(teacher: RunFolder) -> dict[str, Any]:
    """Test F1 and EM of long documents by way of merging, and the first less the second with its interval."""
    report: dict[str, Any] = {}
    f1 = []
    for merge in CHUNK_MERGES:
        config = demo("ld", merge)
        reading = Reading(teacher, open_data(config, tqdm.write), config)
        ensure_scores(reading, "test")
        spans = read_predictions(reading.folder / "predictions.jsonl")
        f1.append([span.f1 for span in spans])
        report[merge] = {name: reading.scores()["test"][name] for name in ("f1", "em")}
    found = paired_bootstrap(f1[0], f1[1], RESAMPLES)
    return {**report, "examples": len(f1[0]), **found._asdict()}


def cache_sizes(teacher: RunFolder) -> dict[str, dict[str, float]]:
    """Bytes of a cache for 10,000 examples, by setup: all positions, and the paper's k."""
    report: dict[str, dict[str, float]] = {}
    for setup in ("sd", "ld"):
        config = demo(setup)
        reading = Reading(teacher, open_data(config, tqdm.write), config)
        model, count = reading.load_model(), reading.prepared.count("dev")
        report[setup] = {"words": reading.prepared.mean_words("dev")["document"]}
        for name, k in (("all", 0), ("best", default_top_k(setup))):
            folder = ensure_teacher_cache(
                model, teacher.weights, reading.prepared, "dev", 32, tqdm.write, reading.chunks, k
            )
            size = sum(path.stat().st_size for path in folder.glob("*.tfrecord.gz"))
            report[setup][name] = size / count * 10_000
    return report


def main(_: list[str]) -> None:
    config = replace(demo("sd"), model="qanet")
    prepared = open_data(config, tqdm.write)
    teacher = find_teacher(config, prepared, "qanet") or ensure_run(config, prepared, log=tqdm.write)
    report = {"merges": compare_merges(teacher), "cache": cache_sizes(teacher)}
    table = Table("chunks merged by", "F1", "EM")
    for merge in CHUNK_MERGES:
        scores = report["merges"][merge]
        table.add_row(merge, f"{scores['f1']:.1f}", f"{scores['em']:.1f}")
    print_table(table)
    print(json.dumps(report))


if __name__ == "__main__":
    app.run(main)
