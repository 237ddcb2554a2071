"""Progress of parallel runs, with the time left."""

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

QUIET_SECONDS = 60.0  # between two log lines while no run ends


class ReportProgress:
    """A line that is updated on a terminal; in a log, a new line when a run ends and once a minute.

    The work of a run is its epochs times their estimated seconds. The time left is the work left divided by
    the work done per second so far, which holds for any number of processes once an epoch is over.

    Args:
        states: before the training.
        estimates: of the runs that are not done; unless all are known, every epoch counts the same.
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
        self, running: Sequence[PlannedRun], waiting: Sequence[PlannedRun], failed: Mapping[str, str]
    ) -> None:
        """Show the line if it is due.

        Args:
            running: runs that are being trained.
            waiting: runs that have not started.
            failed: errors so far, by ``PlannedRun.name``.
        """
        ended = len(self._todo) - len(waiting) - len(running)
        now = time.monotonic()
        if self._line is None and ended == self._ended and now - self._said < QUIET_SECONDS:
            return
        self._said, self._ended = now, ended
        line = self.line(running, waiting, failed, now - self._started)
        if self._line is None:
            logger.info(line)
        else:
            self._line.set_description_str(line)

    def line(
        self,
        running: Sequence[PlannedRun],
        waiting: Sequence[PlannedRun],
        failed: Mapping[str, str],
        elapsed: float,
    ) -> str:
        """For example "12 of 45 runs finished, 1 failed; sd/bidaf 3 of 16 epochs; about 41 min left".

        Args:
            elapsed: seconds since training started.
        """
        trained = {run: self._runs.state(run).epochs for run in running}
        each = [
            f"{run.variant.key}{f' ({run.setting.name})' if run.setting else ''}"
            f" {epochs} of {self._begun[run] + self._epochs[run]} epochs"
            for run, epochs in trained.items()
        ]
        lost = [run for run in self._todo if run.name in failed]
        over = [run for run in self._todo if run not in running and run not in waiting and run not in lost]
        finished = f"{self._finished + len(over)} of {self._all} runs finished"
        said = [finished + (f", {len(lost)} failed" if lost else ""), *each]
        part = sum((epochs - self._begun[run]) * self._seconds[run] for run, epochs in trained.items())
        done = sum(map(self._work, over)) + part
        left = sum(map(self._work, [*running, *waiting])) - part
        if done > 0 and left > 0:
            said.append(f"about {duration(elapsed * left / done)} left")
        return "; ".join(said)

    def _work(self, run: PlannedRun) -> float:
        return self._epochs[run] * self._seconds[run]

    def _most(self, run: PlannedRun) -> int:
        return self._runs.config.training_of(run.variant.model).epochs

    def close(self) -> None:
        """Remove the line from the terminal."""
        if self._line is not None:
            self._line.close()
