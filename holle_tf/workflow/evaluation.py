"""Score a finished run on a split, beside the baselines."""

from __future__ import annotations

from typing import Any, Callable

from holle_tf.evaluate.baselines import run_baselines
from holle_tf.evaluate.predictions import write_predictions
from holle_tf.evaluate.predictor import Predictor
from holle_tf.evaluate.scores import score_predictions
from holle_tf.models import MODELS
from holle_tf.workflow.reading import Reading
from pipelines.dataset import make_dataset
from pipelines.prepare import PreparedData
from pipelines.records import read_examples

Log = Callable[[str], None]


def evaluate_run(reading: Reading, split: str) -> dict[str, float]:
    """F1, EM, BLEU-4 and ROUGE of a run, 0-100; also kept in its ``result.json``.

    The predictions go to ``predictions.jsonl``, those of another split than test to
    ``predictions.<split>.jsonl``; those of long documents read in chunks to a folder within the run's.

    Raises:
        UserError: the run was trained on other data, or is unfinished.
    """
    model = reading.load_model()
    config, prepared = reading.run.config(), reading.prepared
    batches = make_dataset(
        prepared,
        split,
        inputs=MODELS[config.model].inputs,
        batch_size=config.evaluation.batch_size,
        texts=True,
    )
    found = Predictor(model, config.evaluation.max_span).predict(batches, prepared.count(split), split)
    name = "predictions.jsonl" if split == "test" else f"predictions.{split}.jsonl"
    reading.folder.mkdir(parents=True, exist_ok=True)
    write_predictions(reading.folder / name, found.spans)
    scores = score_predictions([s.prediction for s in found.spans], [s.references for s in found.spans])
    reading.add_scores(split, scores)
    reading.add_conicity(split, found.conicity)
    return scores


def ensure_scores(reading: Reading, split: str) -> None:
    """``evaluate_run`` unless that was done before."""
    if split not in reading.scores():
        evaluate_run(reading, split)


def baseline_rows(prepared: PreparedData, split: str, seed: int, log: Log) -> list[dict[str, Any]]:
    """A row of scores for every baseline, for ``scores_table``."""
    train, test = read_examples(prepared, "train"), read_examples(prepared, split)
    references = [[example.answer] for example in test]
    return [
        {"name": name.replace("_", " "), **score_predictions(predictions, references)}
        for name, predictions in run_baselines(train, test, seed, log).items()
    ]


def run_row(reading: Reading, name: str, split: str) -> dict[str, Any]:
    """The row of a run that was evaluated on ``split``, for ``scores_table``."""
    result = reading.run.result()
    assert result is not None
    costs = {key: result[key] for key in ("parameters", "seconds_per_epoch")}
    return {"name": name, **reading.scores()[split], **costs}
