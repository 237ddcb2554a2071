"""The scores of a run in the format of docs/teachers.md."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import numpy as np

from holle_tf.distill.score_format import LOGITS, EdgeScores, Header, ScoreLine, write_score_file
from holle_tf.distill.teacher_cache import UNKNOWN, ensure_teacher_cache, read_teacher_cache
from holle_tf.models.outputs import EDGES
from holle_tf.runs.run_on_data import RunOnData
from pipelines.digests import text_sha256
from pipelines.pool import POOL, prepare_pool
from pipelines.prepare import PreparedData
from pipelines.records import iterate_examples
from pipelines.tokenizer import tokenize

SPLITS = ("train", "dev", "test")


def write_scores_of_run(run_on_data: RunOnData, path: Path) -> int:
    """Write what a run says of train, dev and test, and of the pool if ``distill.pool`` names one.

    The values are those that its students learn from: a student that learns from the file equals one that
    learns from the run.

    Returns:
        The number of examples.

    Raises:
        UserError: the run cannot read these data, or the file cannot be written.
    """
    prepared, pool = run_on_data.prepared, run_on_data.config.distill.pool
    parts = [(prepared, split) for split in SPLITS]
    if pool:
        parts.append((prepare_pool(pool, prepared), POOL))
    run = run_on_data.run
    parameters = (run.result() or {}).get("parameters")
    header = Header(LOGITS, run.kind, parameters)
    write_score_file(
        path, header, (line for data, split in parts for line in _lines(run_on_data, data, split))
    )
    return sum(data.count(split) for data, split in parts)


def _lines(run_on_data: RunOnData, prepared: PreparedData, split: str) -> Iterator[ScoreLine]:
    size = run_on_data.config.evaluation.batch_size
    weights, chunks = run_on_data.run.weights, run_on_data.chunks
    folder = ensure_teacher_cache(run_on_data.load_model, weights, prepared, split, size, chunks)
    scores = read_teacher_cache(folder, "teacher").as_numpy_iterator()
    for example, row in zip(iterate_examples(prepared, split), scores):
        words = tokenize(example.document.replace("\0", "\ufffd"), prepared.config.words)
        both = [row[f"teacher_{edge}_logits"] for edge in EDGES]
        null = None
        if prepared.config.has_null:  # the first position, which is at no character
            null = tuple(logits[0].astype(np.float16) for logits in both)
            both = [logits[1:] for logits in both]
        offsets = {"start": [word.start for word in words], "end": [word.end for word in words]}
        start, end = (_edge(np.array(offsets[edge]), logits) for edge, logits in zip(EDGES, both))
        yield ScoreLine(example.example_id, split, text_sha256(example.document), start, end, null=null)


def _edge(offsets: np.ndarray, logits: np.ndarray) -> EdgeScores:
    known = logits > UNKNOWN
    # The cache has half precision, so that few digits say all.
    return EdgeScores(offsets[known], logits[known].astype(np.float16))
