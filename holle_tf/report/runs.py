"""The runs of a report on the disk: which are finished, begun or missing, and what came out of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Mapping, NamedTuple, Optional

import numpy as np

from holle_tf.config import Config
from holle_tf.evaluate.references import References, score_with_references
from holle_tf.evaluate.scores import exact_match
from holle_tf.report.outcomes import LEFT_OUT, Outcome, Row, read_outcomes
from holle_tf.report.rows import PlannedRun, all_rows, all_variants, chosen_rows, planned_runs, teachers_of
from holle_tf.report.variants import Variant, source_of
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import cosines_of, predictions_of
from holle_tf.runs.identity import Identity, identity_from_teachers, run_path
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData, chunk_options
from holle_tf.training.train import ensure_run
from pipelines.files import json_sha256
from pipelines.prepare import PreparedData


class State(NamedTuple):
    """How far a run is.

    Attributes:
        status: finished | kept | begun | missing. Of a kept run only the outcomes are here, from another
            report (``report.kept``).
        epochs: number of whole epochs trained here.
        run: the run folder, which exists if the run is finished or begun.
    """

    status: str
    epochs: int
    run: RunFolder

    @property
    def done(self) -> bool:
        """Whether there is nothing left to train."""
        return self.status in ("finished", "kept")


class Runs:
    """Finds and trains the runs of a report.

    Args:
        config: of the report; the configuration of each run is derived from it.

    Attributes:
        kept: outcomes from other reports, by digest.

    Raises:
        UserError: see ``read_outcomes``.
    """

    def __init__(self, config: Config):
        self.config = config
        self.kept = read_outcomes(config.report.kept)
        self._prepared: dict[str, PreparedData] = {}

    @cached_property
    def variants(self) -> dict[str, Variant]:
        """Every variant that the report may train, by key, see ``all_variants``."""
        return {variant.key: variant for variant in all_variants(self.config)}

    @cached_property
    def rows(self) -> list[str]:
        """Keys of the rows that are not left out, see ``chosen_rows``."""
        return chosen_rows(self.config)

    @cached_property
    def planned(self) -> list[PlannedRun]:
        """See ``planned_runs``."""
        return planned_runs(self.config)

    def rows_of(self, run: PlannedRun) -> list[str]:
        """Keys of the rows that are read from a run; none if the run only teaches."""
        if run.seed not in run.variant.seeds(self.config):
            return []
        return [key for key in self.rows if source_of(key, self.config) == run.variant.key]

    def prepared(self, setup: str) -> PreparedData:
        """The data of a setup, prepared at the first call."""
        if setup not in self._prepared:
            self._prepared[setup] = open_data(Variant(setup, "qanet").config(self.config, 0))
        return self._prepared[setup]

    def identity(self, run: PlannedRun) -> Identity:
        """Everything that decides a run, see ``run_identity``. No run needs to exist for this."""
        variant = run.variant
        config, prepared = variant.config(self.config, run.seed), self.prepared(variant.setup)
        teachers = [self.identity(teacher) for teacher in self.teachers(variant)]
        return identity_from_teachers(config, prepared, teachers)

    def digest(self, row: str, seed: int) -> str:
        """Digest of all that decides an outcome: the run, the documents it reads and how it reads them."""
        identity = self.identity(PlannedRun(self.variants[source_of(row, self.config)], seed))
        prepared = self.prepared(row.split("/")[0])
        return json_sha256([identity, prepared.fingerprint, chunk_options(identity, prepared, self.config)])

    def states(self) -> dict[PlannedRun, State]:
        """The state of every planned run.

        A kept run has no weights, so it counts as missing if it has to teach a run that is not done.
        """
        found = {run: self.state(run) for run in self.planned}
        needed = {
            teacher
            for run, state in found.items()
            if not state.done
            for teacher in self.teachers(run.variant)
        }
        for run, state in found.items():
            if state.status == "kept" and run in needed:
                found[run] = self._on_disk(run)
        return found

    def state(self, run: PlannedRun) -> State:
        """How far a run is; trains nothing."""
        found = self._on_disk(run)
        if found.status != "finished" and self._is_kept(run):
            return found._replace(status="kept")
        return found

    def _on_disk(self, run: PlannedRun) -> State:
        config, identity = run.variant.config(self.config, run.seed), self.identity(run)
        found = RunFolder(run_path(config, self.prepared(run.variant.setup), identity))
        if found.identity() != identity:
            return State("missing", 0, found)
        epochs = len(found.epochs())
        if found.result() is not None:
            return State("finished", epochs, found)
        return State("begun" if epochs else "missing", epochs, found)

    def _is_kept(self, run: PlannedRun) -> bool:
        """Whether the outcomes of all rows that are read from the run are kept."""
        return bool(self.kept) and all(self.digest(row, run.seed) in self.kept for row in self.rows_of(run))

    def ensure(self, run: PlannedRun) -> RunFolder:
        """Train a run unless it is finished; an unfinished run is continued.

        Raises:
            UserError: see ``ensure_run``.
            AssertionError: a teacher is not trained.
        """
        assert not self.missing_teachers(run.variant), "teachers are trained before their students"
        teachers = [self.state(teacher).run for teacher in self.teachers(run.variant)]
        config = run.variant.config(self.config, run.seed)
        return ensure_run(config, self.prepared(run.variant.setup), teachers=teachers)

    def teachers(self, variant: Variant) -> list[PlannedRun]:
        """The runs that a variant learns from, see ``teachers_of``."""
        return [PlannedRun(self.variants[key], seed) for key, seed in teachers_of(variant, self.config)]

    def missing_teachers(self, variant: Variant) -> list[PlannedRun]:
        """Teachers of a variant that are not trained yet."""
        return [teacher for teacher in self.teachers(variant) if self.state(teacher).status != "finished"]

    def runs_on_data(self, key: str) -> dict[int, RunOnData]:
        """The finished runs of a row of the report, by seed, with the documents of that row."""
        variant, setup = self.variants[source_of(key, self.config)], key.split("/")[0]
        runs_on_data = {}
        for seed in variant.seeds(self.config):
            state = self.state(PlannedRun(variant, seed))
            if state.status == "finished":
                runs_on_data[seed] = RunOnData(state.run, self.prepared(setup), self.config)
        return runs_on_data


def collect_rows(
    runs: Runs,
    states: Mapping[PlannedRun, State],
    failed: Mapping[str, str],
    references: Optional[References],
) -> dict[str, Row]:
    """Every row of the report, by key, with the outcomes that are here or kept; computes no predictions."""
    rows = {}
    for key in all_rows(runs.config):
        source = source_of(key, runs.config)
        if key not in runs.rows:
            rows[key] = Row(key, [], 0, LEFT_OUT, runs.config.report.resamples)
            continue
        here = {
            seed: _outcome(runs, key, seed, run_on_data, references)
            for seed, run_on_data in runs.runs_on_data(key).items()
            if "test" in run_on_data.scores()
        }
        seeds = runs.variants[source].seeds(runs.config)
        found = [here.get(seed) or _kept(runs, key, seed, references) for seed in seeds]
        outcomes = [outcome for outcome in found if outcome is not None]
        fault = ""
        if len(outcomes) < len(seeds):
            fault = _fault(key, [PlannedRun(runs.variants[source], seed) for seed in seeds], states, failed)
        rows[key] = Row(key, outcomes, len(seeds), fault, runs.config.report.resamples)
    return rows


def _kept(runs: Runs, row: str, seed: int, references: Optional[References]) -> Optional[Outcome]:
    """A kept outcome, without its scores with references if those were other references."""
    found = runs.kept.get(runs.digest(row, seed))
    if found is None or found.multi is None:
        return found
    same = references is not None and found.multi.get("digest") == references.digest
    return found if same else replace(found, multi=None)


def _outcome(
    runs: Runs, row: str, seed: int, run_on_data: RunOnData, references: Optional[References]
) -> Outcome:
    spans = predictions_of(run_on_data, "test")
    hits = [any(exact_match(span.prediction, text) for text in span.references) for span in spans]
    return Outcome(
        row=row,
        seed=seed,
        digest=runs.digest(row, seed),
        run=run_on_data.run.path.name,
        scores=run_on_data.scores()["test"],
        f1=np.array([span.f1 for span in spans]),
        em=np.where(hits, 100.0, 0.0),
        cosines=cosines_of(run_on_data, "test"),
        conicity={name: cone["value"] for name, cone in run_on_data.conicity("test").items()},
        multi=score_with_references(spans, references) if references else None,
        result={**(run_on_data.run.result() or {}), "teacher_weights": run_on_data.run.teacher_weights()},
        epochs=[] if run_on_data.in_chunks else run_on_data.run.epochs(),
        spans=spans,
    )


def _fault(
    key: str, runs: list[PlannedRun], states: Mapping[PlannedRun, State], failed: Mapping[str, str]
) -> str:
    if any(run.name in failed or f"{key}, seed {run.seed}" in failed for run in runs):
        return "failed"
    begun = [states[run].epochs for run in runs if run in states and states[run].status == "begun"]
    return f"unfinished, {max(begun)} epochs" if any(begun) else "not run yet"
