"""How far runs in processes of their own are, and how long the rest takes."""

from __future__ import annotations

import logging
import sys
import time
from typing import Mapping, Sequence

from tqdm import tqdm

from holle_tf.report.plan import duration
from holle_tf.report.rows import PlannedRun
from holle_tf.report.runs import Runs, State
from holle_tf.report.timing import Estimate

logger = logging.getLogger(__name__)

QUIET = 60.0  # seconds between two lines of a log in which no run has ended


class ReportProgress:
    """One line on a terminal that changes; elsewhere a line when a run has ended, or now and then.

    Time left is the work left by the work done per second until now, so it is right for any number of
    processes as soon as an epoch is over; work is epochs times their estimated seconds.

    Args:
        states: before anything was trained.
        estimates: of the runs that are not finished; without them all epochs count alike.
    """

    def __init__(
        self,
        runs: Runs,
        states: Mapping[PlannedRun, State],
        estimates: Mapping[PlannedRun, Estimate],
    ):
        self._runs = runs
        self._todo = [run for run, state in states.items() if not state.done]
        self._finished, self._all = len(states) - len(self._todo), len(states)
        self._begun = {run: states[run].epochs for run in self._todo}
        self._epochs = {run: self._most(run) - self._begun[run] for run in self._todo}
        self._seconds = {
            run: estimates[run].seconds_per_epoch if len(estimates) == len(self._todo) else 1.0
            for run in self._todo
        }
        self._started = self._said = time.monotonic()
        self._ended = 0
        self._line = tqdm(bar_format="{desc}", leave=False) if sys.stderr.isatty() else None

    def show(
        self, at_work: Sequence[PlannedRun], waiting: Sequence[PlannedRun], failed: Mapping[str, str]
    ) -> None:
        """Say it, if it is time to.

        Args:
            at_work: runs that are being trained.
            waiting: those that are yet to begin.
            failed: what went wrong until now, by ``PlannedRun.name``.
        """
        ended = len(self._todo) - len(waiting) - len(at_work)
        now = time.monotonic()
        if self._line is None and ended == self._ended and now - self._said < QUIET:
            return
        self._said, self._ended = now, ended
        line = self.line(at_work, waiting, failed, now - self._started)
        if self._line is None:
            logger.info(line)
        else:
            self._line.set_description_str(line)

    def line(
        self,
        at_work: Sequence[PlannedRun],
        waiting: Sequence[PlannedRun],
        failed: Mapping[str, str],
        elapsed: float,
    ) -> str:
        """As "12 of 45 runs finished, 1 failed; sd/bidaf 3 of 16 epochs; about 41 min left"."""
        trained = {run: self._runs.state(run).epochs for run in at_work}
        each = [
            f"{run.variant.key} {epochs} of {self._begun[run] + self._epochs[run]} epochs"
            for run, epochs in trained.items()
        ]
        lost = [run for run in self._todo if run.name in failed]
        over = [run for run in self._todo if run not in at_work and run not in waiting and run not in lost]
        finished = f"{self._finished + len(over)} of {self._all} runs finished"
        said = [finished + (f", {len(lost)} failed" if lost else ""), *each]
        part = sum((epochs - self._begun[run]) * self._seconds[run] for run, epochs in trained.items())
        done = sum(map(self._work, over)) + part
        left = sum(map(self._work, [*at_work, *waiting])) - part
        if done > 0 and left > 0:
            said.append(f"about {duration(elapsed * left / done)} left")
        return "; ".join(said)

    def _work(self, run: PlannedRun) -> float:
        return self._epochs[run] * self._seconds[run]

    def _most(self, run: PlannedRun) -> int:
        return self._runs.config.training_of(run.variant.model).epochs

    def close(self) -> None:
        """Take the line off the terminal."""
        if self._line is not None:
            self._line.close()
