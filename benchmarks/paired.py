"""Compares scores of the same seeds under several values of an option."""

from __future__ import annotations

import statistics
from typing import Any

SCORES = ("f1", "em")


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
