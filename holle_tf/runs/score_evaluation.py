"""The answers that a file of scores gives, scored as those of a run are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, Optional

import numpy as np
import tensorflow as tf

from holle_tf.config import Config
from holle_tf.distill.teacher_cache import read_teacher_cache
from holle_tf.evaluate.no_answer import is_unanswerable, unanswerable_scores
from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.predictor import Predictor, SplitPredictions
from holle_tf.evaluate.scores import score_predictions
from holle_tf.models.decoding import decode_spans
from holle_tf.models.outputs import EDGES
from holle_tf.options.distill import teacher_title
from holle_tf.runs.score_teacher import ScoreTeacher
from pipelines.dataset import make_dataset
from pipelines.prepare import PreparedData

_NAME = "scores"
NOT_SCORED = "not scored"


class EvaluatedScores(NamedTuple):
    """What a file of scores is worth on a split.

    Attributes:
        row: name and scores, 0-100, for ``scores_table``; with ``parameters`` if the file says how many.
        spans: the predictions in record order; an example that the file lacks has an empty one.
        unanswerable: what ``unanswerable_scores`` returns; None if the data have no null position.
    """

    row: dict[str, Any]
    spans: list[SpanPrediction]
    unanswerable: Optional[dict[str, Any]] = None


def evaluate_score_file(
    teacher: ScoreTeacher, prepared: PreparedData, split: str, config: Config
) -> EvaluatedScores:
    """Decode and score what a file says of a split.

    If the data have a null position, and no ``evaluation.null_threshold`` is given, the threshold is the one
    with the best F1 on what the file says of dev.

    Raises:
        UserError: see ``ScoreTeacher.cached``.
    """
    threshold: Optional[float] = config.evaluation.null_threshold or None
    if prepared.config.has_null and threshold is None and split != "dev":
        threshold = _predict(teacher, prepared, "dev", config, None)[0].threshold
    predicted, missing = _predict(teacher, prepared, split, config, threshold)
    spans = predicted.spans
    for number in missing:
        spans[number] = _wrong(spans[number])
    scores = score_predictions([span.prediction for span in spans], [span.references for span in spans])
    row: dict[str, Any] = {"name": teacher.header.teacher or teacher_title(teacher.kind), **scores}
    if teacher.header.parameters is not None:
        row["parameters"] = teacher.header.parameters
    if predicted.threshold is None:
        return EvaluatedScores(row, spans)
    return EvaluatedScores(row, spans, unanswerable_scores(spans, predicted.threshold))


def _wrong(span: SpanPrediction) -> SpanPrediction:
    """The prediction of an example that the file lacks: no text or, where that would be right, some text."""
    if is_unanswerable(span):
        return replace(span, prediction=span.best_span or NOT_SCORED, score=0.0, f1=0.0, no_answer=0.0)
    of_null: dict[str, Any] = {} if span.best_span is None else {"best_span": "", "no_answer": 0.0}
    return replace(span, prediction="", start=0, end=0, score=0.0, f1=0.0, **of_null)


def _predict(
    teacher: ScoreTeacher, prepared: PreparedData, split: str, config: Config, threshold: Optional[float]
) -> tuple[SplitPredictions, list[int]]:
    """The predictions of a split, and the numbers of the examples that the file lacks."""
    size = config.evaluation.batch_size
    folder, coverage = teacher.cached(prepared, split, size)
    batches = make_dataset(
        prepared,
        split,
        inputs=["document"],
        batch_size=size,
        extra=read_teacher_cache(folder, _NAME),
        texts=True,
    )
    decoder = _Decoder(config.evaluation.max_span, prepared.config.has_null, threshold)
    return decoder.predict(batches, prepared.count(split), split), coverage.missing


class _Decoder(Predictor):
    """Decodes logits that come with the labels of a batch."""

    def __init__(self, max_span: int, null: bool, null_threshold: Optional[float]):
        self._vectors = []
        self._max_span = max_span
        self._null, self._null_threshold = null, null_threshold if null else None

    def decode(self, features: dict[str, Any], labels: dict[str, Any]) -> dict[str, np.ndarray]:
        """See ``Predictor.decode``; the loss, which nobody reads, is zero."""
        mask = tf.not_equal(features["document"], 0)
        start, end = (labels[f"{_NAME}_{edge}_logits"] for edge in EDGES)
        found = decode_spans(start, end, mask, self._max_span, null=self._null)
        return {**{name: value.numpy() for name, value in found.items()}, "loss": np.zeros(len(mask))}
