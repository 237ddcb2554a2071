"""What the runs of a report came to, those that are here and those that were kept from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Mapping, Optional

import numpy as np

from holle_tf.evaluate.references import References, score_with_references
from holle_tf.evaluate.scores import exact_match
from holle_tf.report.outcomes import LEFT_OUT, Outcome, Row
from holle_tf.report.rows import all_rows
from holle_tf.report.runs import PlannedRun, Runs, State
from holle_tf.report.variants import source_of
from holle_tf.runs.evaluation import cosines_of, predictions_of
from holle_tf.runs.run_on_data import Reading


def collect(
    runs: Runs,
    states: Mapping[PlannedRun, State],
    failed: Mapping[str, str],
    references: Optional[References],
) -> dict[str, Row]:
    """Every row of the report, by key; trains and evaluates nothing."""
    rows = {}
    for key in all_rows(runs.config):
        source = source_of(key, runs.config)
        if key not in runs.rows:
            rows[key] = Row(key, [], 0, LEFT_OUT, runs.config.report.resamples)
            continue
        here = {
            seed: _outcome(runs, key, seed, reading, references)
            for seed, reading in runs.readings(key).items()
            if "test" in reading.scores()
        }
        seeds = runs.variants[source].seeds(runs.config)
        known = [here.get(seed) or _kept(runs, key, seed, references) for seed in seeds]
        outcomes = [one for one in known if one is not None]
        fault = ""
        if len(outcomes) < len(seeds):
            fault = _fault(key, [PlannedRun(runs.variants[source], seed) for seed in seeds], states, failed)
        rows[key] = Row(key, outcomes, len(seeds), fault, runs.config.report.resamples)
    return rows


def _kept(runs: Runs, row: str, seed: int, references: Optional[References]) -> Optional[Outcome]:
    """What was kept from elsewhere, without scores with other references than these."""
    found = runs.kept.get(runs.digest(row, seed))
    if found is None or found.multi is None:
        return found
    same = references is not None and found.multi.get("digest") == references.digest
    return found if same else replace(found, multi=None)


def _outcome(runs: Runs, row: str, seed: int, reading: Reading, references: Optional[References]) -> Outcome:
    spans = predictions_of(reading, "test")
    hits = [any(exact_match(one.prediction, ref) for ref in one.references) for one in spans]
    return Outcome(
        row=row,
        seed=seed,
        digest=runs.digest(row, seed),
        run=reading.run.path.name,
        scores=reading.scores()["test"],
        f1=np.array([one.f1 for one in spans]),
        em=np.where(hits, 100.0, 0.0),
        cosines=cosines_of(reading, "test"),
        conicity={name: cone["value"] for name, cone in reading.conicity("test").items()},
        multi=score_with_references(spans, references) if references else None,
        result={**(reading.run.result() or {}), "teacher_weights": reading.run.teacher_weights()},
        epochs=[] if reading.in_chunks else reading.run.epochs(),
        spans=spans,
    )


def _fault(
    key: str, runs: list[PlannedRun], states: Mapping[PlannedRun, State], failed: Mapping[str, str]
) -> str:
    if any(run.name in failed or f"{key}, seed {run.seed}" in failed for run in runs):
        return "failed"
    begun = max(one.epochs if (one := states.get(run)) and one.status == "begun" else 0 for run in runs)
    return f"begun, {begun} epochs" if begun else "not run yet"
