"""The rows of files of scores: what each file that teaches a row of the report scores itself."""

from __future__ import annotations

import logging
from typing import Any, Optional

import numpy as np

from holle_tf.evaluate.references import References, score_with_references
from holle_tf.evaluate.scores import exact_match
from holle_tf.options.distill import is_score_file
from holle_tf.report.outcomes import Outcome, Row
from holle_tf.report.rows import score_file_keys
from holle_tf.report.runs import Runs
from holle_tf.runs.score_evaluation import evaluate_score_file
from holle_tf.runs.score_teacher import ScoreTeacher
from pipelines.errors import UserError
from pipelines.files import json_sha256

logger = logging.getLogger(__name__)

NOT_OF_TEST = "no scores of test"  # fault of a row


def score_file_rows(runs: Runs, references: Optional[References]) -> dict[str, Row]:
    """A row for each file that teaches a chosen row, by key, in the documents of that row.

    A file that does not score the test split has a row without outcomes, and the log says why.

    Raises:
        UserError: a file cannot be read.
    """
    rows = {}
    chosen = [runs.variants[key] for key in runs.rows if key in runs.variants]
    for variant in chosen:
        for kind in filter(is_score_file, variant.teachers):
            (key,) = score_file_keys(variant.setup, [kind])
            if key not in rows:
                rows[key] = _row(key, kind, runs, references)
    return rows


def _row(key: str, kind: str, runs: Runs, references: Optional[References]) -> Row:
    config, resamples = runs.config, runs.config.report.resamples
    prepared = runs.prepared(key.split("/")[0])
    teacher = ScoreTeacher(kind, prepared, config.distill.max_unscored)
    try:
        found = evaluate_score_file(teacher, prepared, "test", config)
    except UserError as error:
        logger.warning(f"not scored: {key}: {error}")
        return Row(key, [], 1, NOT_OF_TEST, resamples)
    scores: dict[str, Any] = {name: value for name, value in found.row.items() if name != "name"}
    parameters = scores.pop("parameters", None)
    hits = [any(exact_match(span.prediction, text) for text in span.references) for span in found.spans]
    outcome = Outcome(
        row=key,
        seed=config.seed,
        digest=json_sha256([teacher.identity(), prepared.fingerprint, config.evaluation.max_span]),
        run=teacher.path.name,
        scores=scores,
        f1=np.array([span.f1 for span in found.spans]),
        em=np.where(hits, 100.0, 0.0),
        cosines={},
        conicity={},
        multi=score_with_references(found.spans, references) if references else None,
        result={} if parameters is None else {"parameters": parameters},
        epochs=[],
        spans=found.spans,
    )
    return Row(key, [outcome], 1, "", resamples)
