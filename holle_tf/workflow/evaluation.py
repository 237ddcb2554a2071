"""Score a finished run on a split, beside the baselines."""

from __future__ import annotations

from typing import Any, Callable

from holle_tf.evaluate.baselines import run_baselines
from holle_tf.evaluate.predictions import write_predictions
from holle_tf.evaluate.predictor import Predictor
from holle_tf.evaluate.scores import score_predictions
from holle_tf.models import MODELS
from holle_tf.workflow.run_folder import RunFolder
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.prepare import PreparedData
from pipelines.records import read_examples

Log = Callable[[str], None]


def check_same_data(run: RunFolder, prepared: PreparedData) -> None:
    """Raise a UserError unless ``run`` was trained on these data: word ids mean nothing elsewhere."""
    if (run.identity() or {}).get("data") != prepared.fingerprint:
        raise UserError(
            f"{run.path}: trained on other data than {prepared.folder};"
            " give the --data_dir, --glove, --setup and --limit of its training."
        )


def evaluate_run(run: RunFolder, prepared: PreparedData, split: str) -> dict[str, float]:
    """F1, EM, BLEU-4 and ROUGE of a run, 0-100; also written to its ``result.json``.

    The predictions go to ``predictions.jsonl``, those of another split than test to
    ``predictions.<split>.jsonl``.

    Raises:
        UserError: the run was trained on other data, or is unfinished.
    """
    check_same_data(run, prepared)
    model, result = run.load_model(), run.result()
    assert result is not None  # load_model has seen to it
    config = run.config()
    batches = make_dataset(
        prepared,
        split,
        inputs=MODELS[config.model].inputs,
        batch_size=config.evaluation.batch_size,
        texts=True,
    )
    found = Predictor(model, config.evaluation.max_span).predict(batches, prepared.count(split), split)
    name = "predictions.jsonl" if split == "test" else f"predictions.{split}.jsonl"
    write_predictions(run.path / name, found.spans)
    scores = score_predictions([s.prediction for s in found.spans], [s.references for s in found.spans])
    result["scores"][split] = scores
    run.write_result(result)
    return scores


def ensure_scores(run: RunFolder, prepared: PreparedData, split: str) -> None:
    """``evaluate_run`` unless that was done before."""
    result = run.result()
    if result is None or split not in result["scores"]:
        evaluate_run(run, prepared, split)


def baseline_rows(prepared: PreparedData, split: str, seed: int, log: Log) -> list[dict[str, Any]]:
    """A row of scores for every baseline, for ``scores_table``."""
    train, test = read_examples(prepared, "train"), read_examples(prepared, split)
    references = [[example.answer] for example in test]
    return [
        {"name": name.replace("_", " "), **score_predictions(predictions, references)}
        for name, predictions in run_baselines(train, test, seed, log).items()
    ]


def run_row(run: RunFolder, name: str, split: str) -> dict[str, Any]:
    """The row of a run that was evaluated on ``split``, for ``scores_table``."""
    result = run.result()
    assert result is not None
    costs = {key: result[key] for key in ("parameters", "seconds_per_epoch")}
    return {"name": name, **result["scores"][split], **costs}
