"""What came out of the runs, row by row of the report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Mapping, Optional

import numpy as np

from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.references import References, score_with_references
from holle_tf.evaluate.scores import exact_match
from holle_tf.evaluate.statistics import Estimate, over_examples, over_seeds
from holle_tf.report.runs import BY_KEY, PlannedRun, Runs, State
from holle_tf.report.variants import ROWS, label_of, source_of
from holle_tf.workflow.evaluation import cosines_of, predictions_of
from holle_tf.workflow.reading import Reading

LEFT_OUT = "left out"  # by report.only


@dataclass(frozen=True)
class Outcome:
    """One finished run on the test split.

    Attributes:
        seed: of the run.
        reading: the run and the data that it reads.
        scores: columns of ``SCORE_DEFINITIONS``.
        spans: predictions in the order of the data.
        cosines: vector name -> (examples,), see ``evaluation.cosines_of``.
        conicity: vector name -> mean over conversations.
        multi: what ``score_with_references`` gives; None where no file was given.
        result: ``result.json``.
    """

    seed: int
    reading: Reading
    scores: Mapping[str, float]
    spans: list[SpanPrediction]
    cosines: Mapping[str, np.ndarray]
    conicity: Mapping[str, float]
    multi: Optional[Mapping[str, Any]]
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """All seeds of one row of the report.

    Attributes:
        key: as ``ld/add_topk/qanet``.
        outcomes: in the order of the seeds; empty where nothing is finished.
        seeds: how many there are to be.
        fault: why outcomes are missing, for the cell: failed, not run yet, left out, "begun, 3 epochs".
        resamples: of every bootstrap.
    """

    key: str
    outcomes: list[Outcome]
    seeds: int
    fault: str
    resamples: int

    @property
    def label(self) -> str:
        """As the paper writes it."""
        return label_of(self.key)

    @property
    def setup(self) -> str:
        """sd | ld."""
        return self.key.split("/")[0]

    @cached_property
    def f1(self) -> np.ndarray:
        """F1 of every test example, mean over the seeds, (examples,), 0-100."""
        return np.mean([[span.f1 for span in one.spans] for one in self.outcomes], axis=0)

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """Mean of every score with its interval: over seeds or, of F1 and EM of one seed, over examples."""
        if len(self.outcomes) > 1:
            return {
                name: over_seeds([one.scores[name] for one in self.outcomes])
                for name in self.outcomes[0].scores
            }
        nan = float("nan")
        found = {
            name: Estimate(value, nan, nan, "one seed") for name, value in self.outcomes[0].scores.items()
        }
        spans = self.outcomes[0].spans
        if len(spans) > 1:
            hits = [100.0 * any(exact_match(s.prediction, ref) for ref in s.references) for s in spans]
            found["f1"] = over_examples([span.f1 for span in spans], self.resamples)
            found["em"] = over_examples(hits, self.resamples)
        return found

    def mean_conicity(self) -> Optional[float]:
        """Over the model's vectors and the seeds; None where it has none."""
        values = [value for one in self.outcomes for value in one.conicity.values()]
        return float(np.mean(values)) if values else None


def collect(
    runs: Runs,
    states: Mapping[PlannedRun, State],
    failed: Mapping[str, str],
    references: Optional[References],
) -> dict[str, Row]:
    """Every row of the report, by key; trains and evaluates nothing."""
    rows = {}
    for key in ROWS:
        source = source_of(key, runs.config)
        if key not in runs.rows:
            rows[key] = Row(key, [], 0, LEFT_OUT, runs.config.report.resamples)
            continue
        outcomes = [
            _outcome(seed, reading, references)
            for seed, reading in runs.readings(key).items()
            if "test" in reading.scores()
        ]
        seeds = BY_KEY[source].seeds(runs.config)
        fault = ""
        if len(outcomes) < len(seeds):
            fault = _fault(key, [PlannedRun(BY_KEY[source], seed) for seed in seeds], states, failed)
        rows[key] = Row(key, outcomes, len(seeds), fault, runs.config.report.resamples)
    return rows


def _outcome(seed: int, reading: Reading, references: Optional[References]) -> Outcome:
    spans = predictions_of(reading, "test")
    return Outcome(
        seed=seed,
        reading=reading,
        scores=reading.scores()["test"],
        spans=spans,
        cosines=cosines_of(reading, "test"),
        conicity={name: cone["value"] for name, cone in reading.conicity("test").items()},
        multi=score_with_references(spans, references) if references else None,
        result=reading.run.result() or {},
    )


def _fault(
    key: str, runs: list[PlannedRun], states: Mapping[PlannedRun, State], failed: Mapping[str, str]
) -> str:
    if any(run.name in failed or f"{key}, seed {run.seed}" in failed for run in runs):
        return "failed"
    begun = max(one.epochs if (one := states.get(run)) and one.status == "begun" else 0 for run in runs)
    return f"begun, {begun} epochs" if begun else "not run yet"
