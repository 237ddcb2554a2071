"""keras-tuner's oracles, extended to survive a killed search and lost workers, and to keep a time limit.

An oracle chooses the values of the next trial. The oracles of keras-tuner 1.4.7 overwrite their state in
place, wait for ever for a worker that died, and forget the position in a grid when they are reloaded.
"""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner import synchronized
from keras_tuner.engine.trial import Trial
from keras_tuner.oracles import (
    BayesianOptimizationOracle,
    GridSearchOracle,
    HyperbandOracle,
    RandomSearchOracle,
)

from holle_tf.config import MAX_SEED
from holle_tf.options.tuning import OBJECTIVES, TuningConfig
from holle_tf.runs.run_folder import write_text
from tuning.space import Space

RUNNING, IDLE, STOPPED, INVALID = "RUNNING", "IDLE", "STOPPED", "INVALID"
NEVER = 10**9  # consecutive failures that end a search, where keras-tuner would raise while it holds its lock


class ResilientOracle(keras_tuner.Oracle):
    """The extensions of every oracle; a class inherits first from this, then from an oracle of keras-tuner.

    Args:
        max_minutes: time after which no trial starts, summed over restarts of the search; 0 = no limit.
        lost_seconds: time after which a worker that is not heard from is given up.
    """

    _retry_queue: list[str]  # keras-tuner's: ids of trials to repeat, the last first

    def __init__(self, *, max_minutes: float, lost_seconds: float, **kwargs: Any):
        super().__init__(max_consecutive_failed_trials=NEVER, allow_new_entries=False, **kwargs)
        self._budget, self._lost_seconds = 60 * max_minutes, lost_seconds
        self._elapsed_before, self._began = 0.0, time.monotonic()
        self._heard: dict[str, float] = {}  # tuner -> time
        self._stopping = False
        self.verbose = 0

    @property
    def elapsed(self) -> float:
        """Seconds that the search has taken, without interruptions."""
        return self._elapsed_before + time.monotonic() - self._began

    @property
    def _time_is_over(self) -> bool:
        return bool(self._budget) and self.elapsed >= self._budget

    @property
    def over(self) -> bool:
        """Whether workers were told to stop, and all of them have."""
        return self._stopping and not self.ongoing_trials and not self.tuner_ids

    @synchronized
    def create_trial(self, tuner_id: str) -> Any:
        """As keras-tuner's; a worker is kept waiting while another's trial may still have to be repeated."""
        self._heard[tuner_id] = time.monotonic()
        waiting = list(self._retry_queue) if self._time_is_over else []
        if waiting:
            self._retry_queue = []  # keep them for a continuation with more time
        trial = super().create_trial(tuner_id)
        self._retry_queue += waiting
        if trial.status == STOPPED and self.ongoing_trials:
            self.tuner_ids.add(tuner_id)
            trial.status = IDLE
        self._stopping = self._stopping or trial.status == STOPPED
        return trial

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if self._time_is_over:
            return {"status": STOPPED, "values": None}
        return super().populate_space(trial_id)

    @synchronized
    def get_trial(self, trial_id: str) -> Any:
        """As keras-tuner's; a worker that asks for its trial shows that it is alive."""
        for tuner_id, trial in self.ongoing_trials.items():
            if trial.trial_id == trial_id:
                self._heard[tuner_id] = time.monotonic()
        return super().get_trial(trial_id)

    @synchronized
    def end_trial(self, trial: Any) -> None:
        """As keras-tuner's; a trial that was given up, but ended after all, is not repeated."""
        super().end_trial(trial)
        if self.trials[trial.trial_id].status != INVALID and trial.trial_id in self._retry_queue:
            self._retry_queue.remove(trial.trial_id)

    @synchronized
    def give_up(self, tuner_id: str) -> str:
        """Give up a worker. Its trial is repeated, or fails if it has been tried often enough.

        Returns:
            The id of the trial, "" if it had none.
        """
        self.tuner_ids.discard(tuner_id)
        self._heard.pop(tuner_id, None)
        trial = self.ongoing_trials.get(tuner_id)
        if trial is None:
            return ""
        trial.status, trial.message = INVALID, f"{tuner_id} ended during this trial"
        self.end_trial(trial)
        self.ongoing_trials.pop(tuner_id, None)
        return trial.trial_id

    @synchronized
    def silent_workers(self) -> list[str]:
        """The workers that have not been heard from for too long."""
        known = {*self.ongoing_trials, *self.tuner_ids}
        oldest = time.monotonic() - self._lost_seconds
        return sorted(tuner_id for tuner_id in known if self._heard.get(tuner_id, self._began) < oldest)

    def get_state(self) -> dict[str, Any]:
        return {**super().get_state(), "elapsed_seconds": self.elapsed}

    def set_state(self, state: dict[str, Any]) -> None:
        super().set_state(state)
        self._elapsed_before, self._began = state["elapsed_seconds"], time.monotonic()

    def save(self) -> None:
        write_text(Path(self._get_oracle_fname()), json.dumps(self.get_state()))

    def _save_trial(self, trial: Any) -> None:
        path = Path(self._get_trial_dir(trial.trial_id)) / "trial.json"
        write_text(path, json.dumps(trial.get_state()))

    def reload(self) -> None:
        """As keras-tuner's; only trials that started and did not end are repeated."""
        # keras-tuner takes the name of the folder for a pattern, and finds no trial in "search [v2]".
        for path in sorted(Path(self._project_dir).glob("trial_*/trial.json")):
            trial = Trial.load(str(path))
            self.trials[trial.trial_id] = trial
        super().reload()
        unfinished = [
            trial_id for trial_id, trial in self.trials.items() if trial.status in (RUNNING, INVALID)
        ]
        self._retry_queue = sorted(unfinished, reverse=True)  # taken from the end


class Grid(ResilientOracle, GridSearchOracle):
    """Every combination once, the last key changing fastest."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if self._time_is_over:
            return {"status": STOPPED, "values": None}
        space = self.hyperparameters.space
        for combination in itertools.product(*(parameter.values for parameter in space)):
            values = {parameter.name: value for parameter, value in zip(space, combination)}
            if not self._duplicate(values):
                return {"status": RUNNING, "values": values}
        return {"status": STOPPED, "values": None}


class Random(ResilientOracle, RandomSearchOracle):
    """Random values for every trial."""


class Hyperband(ResilientOracle, HyperbandOracle):
    """Many short trainings, the best of which continue (Li et al., 2018)."""


class Bayesian(ResilientOracle, BayesianOptimizationOracle):
    """The values that a Gaussian process over earlier trials finds most promising."""


KINDS = {"grid": Grid, "random": Random, "hyperband": Hyperband, "bayesian": Bayesian}


def make_oracle(tuner: str, space: Space, options: TuningConfig, seed: int, epochs: int) -> Any:
    """The oracle of a search.

    Args:
        tuner: a key of ``KINDS``.
        epochs: epochs of a full training; hyperband starts with fewer.
    """
    own = {"max_epochs": epochs, "factor": options.hyperband_factor} if tuner == "hyperband" else {}
    oracle = KINDS[tuner](
        objective=keras_tuner.Objective(options.objective, OBJECTIVES[options.objective]),
        hyperparameters=space.declared(),
        seed=min(seed + 1, MAX_SEED),  # keras-tuner takes 0 for no seed
        max_retries_per_trial=options.retries,
        max_minutes=options.max_minutes,
        lost_seconds=options.lost_seconds,
        **own,
    )
    oracle.max_trials = options.max_trials or None  # HyperbandOracle does not accept it as an argument
    return oracle
