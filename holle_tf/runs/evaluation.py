"""Score a finished run on a split, beside the baselines."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Optional

import numpy as np

from holle_tf.catalogue import MODELS
from holle_tf.evaluate.baselines import run_baselines
from holle_tf.evaluate.no_answer import unanswerable_scores
from holle_tf.evaluate.predictions import SpanPrediction, read_predictions, write_predictions
from holle_tf.evaluate.predictor import Predictor
from holle_tf.evaluate.scores import score_predictions
from holle_tf.runs.null_threshold import null_threshold
from holle_tf.runs.run_folder import read_json, write_text
from holle_tf.runs.run_on_data import RunOnData
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.options import HOLLE
from pipelines.prepare import PreparedData
from pipelines.records import iterate_examples, read_examples

COSINES = "cosines.json"
_COSTS = ("parameters", "seconds_per_epoch")


def evaluate_run(run_on_data: RunOnData, split: str) -> dict[str, float]:
    """F1, EM, BLEU-4 and ROUGE of a run on a split, 0-100; also kept in its ``result.json``.

    Predictions for the test split go to ``predictions.jsonl``, those for another split to
    ``predictions.<split>.jsonl``. ``cosines.json`` beside them holds the cosines whose mean is the conicity.
    A run that can say that there is no answer says so above its threshold; HasAns and NoAns scores are kept
    under ``unanswerable``. If the run reads long documents in chunks, all files go to a folder within
    the run folder.

    Raises:
        UserError: its folder cannot be written, or it was trained on other data, or is unfinished.
    """
    where = run_on_data.run.path
    if where.exists() and not os.access(where, os.W_OK):  # now, not after all examples were read
        raise UserError(
            f"{where}: this folder cannot be written, and an evaluation keeps its scores there; copy the run,"
            " and give the copy by --run_dir."
        )
    model = run_on_data.load_model()
    config, prepared = run_on_data.run.config(), run_on_data.prepared
    batches = make_dataset(
        prepared,
        split,
        inputs=config.inputs_of(config.model),
        batch_size=run_on_data.config.evaluation.batch_size,
        texts=True,
    )
    row = MODELS[config.model]
    null = prepared.config.has_null
    threshold = null_threshold(run_on_data.run, run_on_data.config)
    predictor = Predictor(
        model, config.evaluation.max_span, conicity_of=row.conicity, null=null, null_threshold=threshold
    )
    found = predictor.predict(batches, prepared.count(split), split)
    run_on_data.folder.mkdir(parents=True, exist_ok=True)
    write_predictions(_split_file(run_on_data, "predictions.jsonl", split), found.spans)
    cosines = {name: _without_nan(values) for name, values in found.cosines.items()}
    write_text(_split_file(run_on_data, COSINES, split), json.dumps(cosines))
    scores = score_predictions([s.prediction for s in found.spans], [s.references for s in found.spans])
    of_null = unanswerable_scores(found.spans, found.threshold) if found.threshold is not None else None
    run_on_data.add_scores(split, scores, found.conicity, of_null)
    return scores


def ensure_scores(run_on_data: RunOnData, split: str) -> None:
    """Call ``evaluate_run`` unless the scores and all files that it writes are there."""
    cosines = _split_file(run_on_data, COSINES, split)
    if split in run_on_data.scores() and cosines.exists() and not _lacks_references(run_on_data, split):
        if run_on_data.conicity(split) or not cosines_of(run_on_data, split):
            return
    evaluate_run(run_on_data, split)


def predictions_of(run_on_data: RunOnData, split: str) -> list[SpanPrediction]:
    """The predictions of a run that was evaluated on ``split``, in the order of the data."""
    return read_predictions(_split_file(run_on_data, "predictions.jsonl", split))


def cosines_of(run_on_data: RunOnData, split: str) -> dict[str, np.ndarray]:
    """For each vector of the run, the cosine of every example with the mean of its conversation.

    Returns:
        name of the vector -> float64, (examples,); nan for the only example of a conversation.
    """
    found = read_json(_split_file(run_on_data, COSINES, split)) or {}
    return {name: np.array(values, np.float64) for name, values in found.items()}


def baseline_rows(prepared: PreparedData, split: str, seed: int) -> list[dict[str, Any]]:
    """A row of scores for every baseline, for ``scores_table``."""
    train, test = read_examples(prepared, "train"), read_examples(prepared, split)
    references = [example.accepted for example in test]
    return [
        {"name": name.replace("_", " "), **score_predictions(predictions, references)}
        for name, predictions in run_baselines(train, test, seed).items()
    ]


def run_row(run_on_data: RunOnData, name: str, split: str) -> dict[str, Any]:
    """The row of a run that was evaluated on ``split``, for ``scores_table``."""
    result = run_on_data.run.result()
    assert result is not None
    missing = [key for key in _COSTS if key not in result]
    if missing:
        where = run_on_data.run.path
        raise UserError(f"{where / 'result.json'}: damaged, no {missing[0]}; remove {where} and train again.")
    costs = {key: result[key] for key in _COSTS}
    return {"name": name, **run_on_data.scores()[split], **costs}


def _lacks_references(run_on_data: RunOnData, split: str) -> bool:
    """Whether a run was scored against the gold answers alone, as before there were further references."""
    prepared = run_on_data.prepared
    if prepared.config.schema == HOLLE:  # which has no further references in its records
        return False
    if any(len(prediction.references) > 1 for prediction in predictions_of(run_on_data, split)):
        return False
    return any(example.references for example in iterate_examples(prepared, split))


def _split_file(run_on_data: RunOnData, name: str, split: str) -> Path:
    stem, _, ending = name.partition(".")
    return run_on_data.folder / (name if split == "test" else f"{stem}.{split}.{ending}")


def _without_nan(values: np.ndarray) -> list[Optional[float]]:
    """The values with None in place of nan, which JSON does not have."""
    return [None if np.isnan(value) else round(float(value), 6) for value in values]
