"""Scores that are compared example by example or seed by seed."""

from __future__ import annotations

import statistics
from typing import Any

from holle_tf.runs.evaluation import ensure_scores, predictions_of
from holle_tf.runs.run_on_data import RunOnData

SCORES = ("f1", "em")


def f1_on_test(run_on_data: RunOnData) -> list[float]:
    """F1 of every test example."""
    ensure_scores(run_on_data, "test")
    return [span.f1 for span in predictions_of(run_on_data, "test")]


def summary(found: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, Any]]:
    """Means over seeds, with mean and standard error of the paired differences to the first value.

    Args:
        found: value -> seed -> result of ``scores.score``, with the same seeds for all values.
    """
    first = next(iter(found.values()))
    means: dict[str, dict[str, Any]] = {}
    for value, of_seed in found.items():
        means[value] = {}
        for name in SCORES:
            differences = [row[name] - first[seed][name] for seed, row in of_seed.items()]
            row = {"mean": statistics.mean(row[name] for row in of_seed.values())}
            row["difference"] = statistics.mean(differences)
            if len(differences) > 1:
                row["standard_error"] = statistics.stdev(differences) / len(differences) ** 0.5
            means[value][name] = row
    return means
