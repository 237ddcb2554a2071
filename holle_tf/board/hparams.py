"""Hyperparameters and scores of a run, by which TensorBoard's HParams page compares runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping

import tensorflow as tf
from tensorboard.plugins.hparams import api as hp

from holle_tf.catalogue import MODELS, STUDENT
from holle_tf.config import Config
from holle_tf.distill.terms import TERMS

TEST = ".test"  # ends the names of event files that hold test scores
# Tag of each score -> its name in the table.
METRICS = {
    "best/dev_f1": "best dev F1",
    "best/dev_em": "EM of that epoch",
    "test/f1": "test F1",
    "test/em": "test EM",
}


def hyperparameters(config: Config, terms: Mapping[str, Any]) -> dict[str, Any]:
    """The options that tell runs apart, by name.

    Args:
        config: resolved.
        terms: the options of the terms that the run minimises; other terms do not affect it.
    """
    row, model, training = (
        MODELS[config.model],
        config.options_of(config.model),
        config.training_of(config.model),
    )
    student = row.role == STUDENT
    common = {
        "model": config.model,
        "interaction": config.interaction if student else "none",
        "recipe": config.recipe if student else "train",
        "teacher": config.teacher or "none",
        "folds": config.distill.folds if config.teacher else 1,
        "without_fold": config.fold or "none",
        "setup": config.data.setup,
        "units": getattr(model, "units", "none"),
        "layers": getattr(model, row.depth, "none"),
        "dropout": getattr(model, "dropout", "none"),
        "batch_size": training.batch_size,
        "learning_rate": training.learning_rate,
        "l2": training.l2,
        "seed": config.seed,
    }
    return {**common, **{f"term.{name}": value for name, value in sorted(terms.items())}}


def write_hyperparameters(values: Mapping[str, Any], run: str) -> None:
    """Write a run's hyperparameters, and which scores belong to them, to the default writer.

    Args:
        values: as returned by ``hyperparameters``.
        run: a name that no other run has, or TensorBoard would average the two.
    """
    metrics = [hp.Metric(tag, display_name=name) for tag, name in METRICS.items()]
    # TensorBoard takes the columns from any of the runs, so each has to name those of all.
    options = {f"term.{name}" for term in TERMS.values() for name in term.options}
    hp.hparams_config([hp.HParam(name) for name in [*values, *sorted(options - set(values))]], metrics)
    hp.hparams(dict(values), trial_id=run)


def write_test_scores(folder: Path, scores: Mapping[str, float]) -> None:
    """Add F1 and EM on the test split, 0-100, to the events of a finished run, if it has events.

    Earlier test scores are replaced.
    """
    if not folder.is_dir():
        return
    for before in folder.glob(f"events.*{TEST}"):
        before.unlink()
    writer = tf.summary.create_file_writer(str(folder), filename_suffix=TEST)
    with writer.as_default(step=0):
        for name in ("f1", "em"):
            tf.summary.scalar(f"test/{name}", scores[name])
    writer.close()
