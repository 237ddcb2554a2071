"""The search: keras-tuner asks for trials, each of which consists of one or more trainings."""

from __future__ import annotations

import json
import logging
import socket
import statistics
import threading
import time
from pathlib import Path
from typing import Any, Optional

from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.errors import FailedTrialError

from holle_tf.runs.run_folder import write_text
from tuning.hparams import write_trial
from tuning.oracles import make_oracle
from tuning.plan import Plan
from tuning.trial import MEASURED, Task, run_task, trial_config

logger = logging.getLogger(__name__)

OUTCOME = "outcome.json"  # in the folder of a trial: results of its trainings, or why they failed
ASK_INTERVAL = 0.5  # seconds between two requests of an idle tuner


class SearchTuner(BaseTuner):
    """Runs the trials of a plan, alone or as one of several workers.

    Args:
        plan: after ``begin``.
        chief: address (host, port) of the process that chooses the values; None = this process.
    """

    def __init__(self, plan: Plan, chief: Optional[tuple[str, int]] = None):
        config = plan.config
        oracle = make_oracle(plan.tuner, plan.space, config.tuning, config.seed, plan.epochs)
        super().__init__(oracle, directory=str(plan.folder.parent), project_name=plan.folder.name)
        self._plan, self._chief = plan, chief
        self._asked = 0.0
        if chief is None and (plan.folder / "oracle.json").exists():
            oracle.reload()
            done = len(oracle.end_order)
            logger.info(f"going on after {done} trials, {oracle.elapsed / 60:.1f} minutes: {plan.folder}")

    def pre_create_trial(self) -> None:
        if time.monotonic() - self._asked < ASK_INTERVAL:
            time.sleep(ASK_INTERVAL)
        self._asked = time.monotonic()

    def run_trial(self, trial: Any, *fit_args: Any, **fit_kwargs: Any) -> dict[str, float]:
        """Train with the trial's values and return the mean scores of its executions.

        Raises:
            FailedTrialError: a training failed.
            ProcessDied: its process was killed; keras-tuner repeats the trial.
        """
        options = self._plan.config.tuning
        raw = trial.hyperparameters.values
        values = self._plan.space.values(raw)
        shown = ", ".join(f"{key} {value}" for key, value in values.items())
        of = f" of {self._plan.trials}" if self._plan.trials else ""
        logger.info(f"trial {int(trial.trial_id) + 1}{of}: {shown}")
        outcome: dict[str, Any] = {"values": values, "tuner": self.tuner_id, "executions": []}
        with self._heartbeat(trial.trial_id):
            for execution in range(options.executions):
                found = self._execute(trial.trial_id, raw, values, execution)
                outcome["executions"].append(found)
                if "error" in found:
                    outcome["error"] = found["error"]
                    self._write(trial.trial_id, outcome)
                    raise FailedTrialError(found["error"])
        outcome.update(_mean_outcome(outcome["executions"]))
        self._write(trial.trial_id, outcome)
        return {name: outcome[name] for name in MEASURED}

    def _execute(
        self, trial_id: str, raw: dict[str, Any], values: dict[str, Any], execution: int
    ) -> dict[str, Any]:
        plan, options = self._plan, self._plan.config.tuning
        seed = int(values.get("seed", plan.config.seed)) + execution
        name = f"seed{seed}"
        epochs, past = int(raw.get("tuner/epochs", 0)), raw.get("tuner/trial_id")
        try:
            config = trial_config(plan.config, {**values, "seed": seed}, epochs)
        except Exception as error:
            return {"error": str(error)}
        task = Task(
            config,
            Path(self.get_trial_dir(trial_id)) / name,
            plan.teachers,
            60 * options.trial_minutes,
            Path(self.get_trial_dir(past)) / name if past else None,
            keep_checkpoint=plan.tuner == "hyperband",
        )
        return run_task(task, options.isolate)

    def on_trial_end(self, trial: Any) -> None:
        super().on_trial_end(trial)
        outcome = read_outcome(Path(self.get_trial_dir(trial.trial_id)))
        number = int(trial.trial_id) + 1
        if trial.status == "COMPLETED":
            shown = ", ".join(f"{name} {outcome[name]:.2f}" for name in MEASURED)
            logger.info(f"trial {number}: {shown} ({outcome['seconds']:.0f} s of training)")
            write_trial(self._plan.folder, trial.trial_id, outcome)
        else:
            logger.warning(f"trial {number} failed: {outcome.get('error') or _last_line(trial.message)}")

    def save(self) -> None:
        """Save the oracle's state; a tuner has no state of its own."""
        if self._chief is None:
            self.oracle.save()

    def _write(self, trial_id: str, outcome: dict[str, Any]) -> None:
        write_text(Path(self.get_trial_dir(trial_id)) / OUTCOME, json.dumps(outcome, indent=1))

    def _heartbeat(self, trial_id: str) -> Any:
        return _Heartbeat(self, trial_id, self._chief, self._plan.config.tuning.lost_seconds)


class _Heartbeat:
    """A context in which a worker regularly tells the chief that it is working on its trial."""

    def __init__(
        self,
        tuner: SearchTuner,
        trial_id: str,
        chief: Optional[tuple[str, int]],
        lost_seconds: float,
    ):
        self._ended = threading.Event()
        self._tuner, self._trial_id, self._chief = tuner, trial_id, chief
        self._every = lost_seconds / 4

    def __enter__(self) -> None:
        if self._chief is not None:
            threading.Thread(target=self._beat, daemon=True).start()

    def __exit__(self, *_: Any) -> None:
        self._ended.set()

    def _beat(self) -> None:
        assert self._chief is not None
        silent = False
        while not self._ended.wait(self._every):
            if not is_listening(*self._chief):
                if not silent:
                    logger.warning("the chief does not answer; start it again, this worker waits for it")
                silent = True
                continue
            silent = False
            self._tuner.oracle.get_trial(self._trial_id)


def is_listening(host: str, port: int) -> bool:
    """Whether a process listens at this address."""
    try:
        with socket.create_connection((host, port), timeout=5):
            return True
    except OSError:
        return False


def read_outcome(folder: Path) -> dict[str, Any]:
    """The outcome that a trial wrote; {} if it has none."""
    path = folder / OUTCOME
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _mean_outcome(executions: list[dict[str, Any]]) -> dict[str, Any]:
    """The means of all numbers over the executions; other values are the same in all of them."""
    first = executions[0]
    return {
        name: statistics.mean(execution[name] for execution in executions)
        if isinstance(value, (int, float))
        else value
        for name, value in first.items()
    }


def _last_line(text: Optional[str]) -> str:
    lines = (text or "").strip().splitlines()
    return lines[-1] if lines else "no reason given"
