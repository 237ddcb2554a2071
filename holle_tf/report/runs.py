"""The runs of a report on the disk: which are finished, begun or missing, and what came out of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Collection, Mapping, NamedTuple, Optional

import numpy as np

from holle_tf.config import Config
from holle_tf.evaluate.references import References, score_with_references
from holle_tf.evaluate.scores import exact_match
from holle_tf.options.distill import is_score_file
from holle_tf.report.outcomes import LEFT_OUT, Outcome, Row, read_outcomes, read_trials
from holle_tf.report.rows import (
    PlannedRun,
    all_rows,
    all_variants,
    chosen_rows,
    is_tuned,
    planned_runs,
    search_of,
    teachers_of,
)
from holle_tf.report.search import Search, Trial
from holle_tf.report.variants import Variant, source_of
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import cosines_of, predictions_of
from holle_tf.runs.identity import Identity, identity_from_teachers, run_path
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData, chunk_options
from holle_tf.runs.score_teacher import ScoreTeacher
from holle_tf.training.train import ensure_run
from pipelines.files import json_sha256
from pipelines.prepare import PreparedData


class State(NamedTuple):
    """How far a run is.

    Attributes:
        status: finished | kept | diverged | begun | missing. Of a kept run only the outcomes are here, from
            another report (``report.kept``). A diverged run is one of a search, which goes on without it.
        epochs: number of whole epochs trained here.
        run: the run folder, which exists if the run is finished or begun.
        setting: that of a student in a report that tunes its rows, for people; empty in others.
    """

    status: str
    epochs: int
    run: RunFolder
    setting: str = ""

    @property
    def done(self) -> bool:
        """Whether there is nothing left to train."""
        return self.status in ("finished", "kept", "diverged")


class Runs:
    """Finds and trains the runs of a report.

    Args:
        config: of the report; the configuration of each run is derived from it.
        lost: runs that failed; a search goes on without them.

    Attributes:
        kept: outcomes from other reports, by digest.
        kept_trials: dev F1 from other reports, by digest.

    Raises:
        UserError: see ``read_outcomes``.
    """

    def __init__(self, config: Config, lost: Collection[PlannedRun] = ()):
        self.config = config
        self.lost = set(lost)
        self.kept = read_outcomes(config.report.kept)
        self.kept_trials = read_trials(config.report.kept)
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
        teachers = self._in_order(
            run.variant,
            [self.identity(teacher) for teacher in self.teachers(run.variant)],
            [file.identity() for file in self._score_files(run.variant)],
        )
        return identity_from_teachers(run.config(self.config), self.prepared(run.variant.setup), teachers)

    def settled(self, run: PlannedRun) -> Optional[PlannedRun]:
        """The run with the setting that the search of its row chose; None until it has.

        A run that no search decides is returned as it is.
        """
        if run.setting is not None or not is_tuned(run.variant, self.config):
            return run
        chosen = self.search(run.variant).chosen
        return None if chosen is None else run._replace(setting=chosen)

    def search(self, variant: Variant) -> Search:
        """What each setting of a tuned variant scored on dev; trains nothing."""
        return Search([self._trial(run) for run in search_of(variant, self.config)])

    def _trial(self, run: PlannedRun) -> Trial:
        digest, found = self.digest(run.variant.key, run), self._on_disk(run)
        trial = Trial(run, digest, lost="failed" if run in self.lost else "")
        if found.status == "finished":
            return trial._replace(f1=max(line["val_f1"] for line in found.run.epochs()), lost="")
        if found.run.diverged.exists():
            return trial._replace(lost="diverged")
        if digest in self.kept_trials:
            f1 = self.kept_trials[digest]
            return trial._replace(f1=f1, lost="diverged" if f1 is None else "")
        if digest in self.kept:  # of a report that had this setting for every row
            epochs = self.kept[digest].epochs
            return trial._replace(
                f1=max((line["val_f1"] for line in epochs if "val_f1" in line), default=None)
            )
        return trial

    def digest(self, row: str, run: PlannedRun) -> str:
        """Digest of all that decides an outcome: the run, the documents it reads and how it reads them.

        Args:
            run: from which the row is read, with its setting.
        """
        identity, prepared = self.identity(run), self.prepared(row.split("/")[0])
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
        """How far a run is; trains nothing. A run is missing until its setting is chosen."""
        settled = self.settled(run)
        if settled is None:
            nowhere = RunFolder(Path(self.config.runs_dir) / run.name)
            return State("missing", 0, nowhere, "chosen after the search")
        found = self._on_disk(settled)
        if settled.setting is not None:
            found = found._replace(setting=settled.setting.name)
        if found.status == "finished":
            return found
        if run in search_of(run.variant, self.config):
            return self._of_trial(run, found)
        return found._replace(status="kept") if self._is_kept(settled) else found

    def _of_trial(self, run: PlannedRun, found: State) -> State:
        """The state of a run of a search that is not finished here.

        Only a trial whose setting may be chosen needs more than its dev F1: the outcome of the row.
        """
        search = self.search(run.variant)
        (trial,) = (trial for trial in search.trials if trial.run == run)
        if trial.lost == "diverged":
            return found._replace(status="diverged")
        assert run.setting is not None, "a run of a search has a setting"
        needs_outcome = search.may_be_chosen(run.setting) and self.rows_of(run)
        if trial.f1 is not None and (trial.digest in self.kept or not needs_outcome):
            return found._replace(status="kept")
        return found

    def _on_disk(self, run: PlannedRun) -> State:
        config, identity = run.config(self.config), self.identity(run)
        found = RunFolder(run_path(config, self.prepared(run.variant.setup), identity))
        if found.identity() != identity:
            return State("missing", 0, found)
        epochs = len(found.epochs())
        if found.result() is not None:
            return State("finished", epochs, found)
        return State("begun" if epochs else "missing", epochs, found)

    def _is_kept(self, run: PlannedRun) -> bool:
        """Whether the outcomes of all rows that are read from the run are kept."""
        return bool(self.kept) and all(self.digest(row, run) in self.kept for row in self.rows_of(run))

    def ensure(self, run: PlannedRun) -> RunFolder:
        """Train a run unless it is finished; an unfinished run is continued.

        Raises:
            UserError: see ``ensure_run``.
            AssertionError: a teacher is not trained, or the setting is not chosen.
        """
        assert not self.missing_teachers(run.variant), "teachers are trained before their students"
        settled = self.settled(run)
        assert settled is not None, "the search of a row comes before its further seeds"
        runs = [self.state(teacher).run for teacher in self.teachers(run.variant)]
        teachers = self._in_order(run.variant, runs, self._score_files(run.variant))
        prepared = self.prepared(run.variant.setup)
        return ensure_run(settled.config(self.config), prepared, teachers=teachers)

    def _score_files(self, variant: Variant) -> list[ScoreTeacher]:
        """The files of scores that a variant learns from; a UserError if one cannot be read."""
        prepared, most = self.prepared(variant.setup), self.config.distill.max_unscored
        return [ScoreTeacher(kind, prepared, most) for kind in variant.teachers if is_score_file(kind)]

    @staticmethod
    def _in_order(variant: Variant, runs: list[Any], files: list[Any]) -> list[Any]:
        """What belongs to the teachers of a variant, in their order. With folds there are no files."""
        if not files:
            return runs
        of_runs, of_files = iter(runs), iter(files)
        return [next(of_files if is_score_file(kind) else of_runs) for kind in variant.teachers]

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
            seed: _outcome(runs, key, PlannedRun(runs.variants[source], seed), run_on_data, references)
            for seed, run_on_data in runs.runs_on_data(key).items()
            if "test" in run_on_data.scores()
        }
        seeds = runs.variants[source].seeds(runs.config)
        planned = [PlannedRun(runs.variants[source], seed) for seed in seeds]
        found = [here.get(run.seed) or _kept(runs, key, run, references) for run in planned]
        outcomes = [outcome for outcome in found if outcome is not None]
        fault = ""
        if len(outcomes) < len(seeds):
            tuned = is_tuned(runs.variants[source], runs.config)
            searching = runs.search(runs.variants[source]).fault if tuned else ""
            fault = searching or _fault(key, planned, states, failed)
        rows[key] = Row(key, outcomes, len(seeds), fault, runs.config.report.resamples)
    return rows


def _kept(runs: Runs, row: str, run: PlannedRun, references: Optional[References]) -> Optional[Outcome]:
    """A kept outcome, without its scores with references if those were other references."""
    settled = runs.settled(run)
    found = runs.kept.get(runs.digest(row, settled)) if settled else None
    if found is None or found.multi is None:
        return found
    same = references is not None and found.multi.get("digest") == references.digest
    return found if same else replace(found, multi=None)


def _outcome(
    runs: Runs, row: str, run: PlannedRun, run_on_data: RunOnData, references: Optional[References]
) -> Outcome:
    settled = runs.settled(run)
    assert settled is not None, "it is trained"
    spans = predictions_of(run_on_data, "test")
    hits = [any(exact_match(span.prediction, text) for text in span.references) for span in spans]
    return Outcome(
        row=row,
        seed=run.seed,
        digest=runs.digest(row, settled),
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
