"""Carry out the plan, one run after the other or several at once."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Mapping

from holle_tf.report.making import make_run
from holle_tf.report.plan import duration
from holle_tf.report.runs import PlannedRun, Runs, State
from holle_tf.report.timing import Estimate
from holle_tf.report.together import lost_teachers, make_together

Log = Callable[[str], None]


def carry_out(
    runs: Runs,
    states: Mapping[PlannedRun, State],
    estimates: Mapping[PlannedRun, Estimate],
    folder: Path,
    failed: dict[str, str],
    log: Log,
) -> None:
    """Train what is not finished; a run that fails does not keep the others from theirs.

    Args:
        folder: of the report, where processes of their own write what they say.
        failed: takes what goes wrong, by ``PlannedRun.name``; it has that after an interruption too.
    """
    if runs.config.report.workers > 1:
        make_together(runs, states, estimates, folder, failed, log)
        return
    left = sum(one.seconds for one in estimates.values())
    todo = [run for run, state in states.items() if not state.done]
    for number, run in enumerate(todo, 1):
        left_for_all = f"; about {duration(left)} left for all" if left else ""
        log(f"== run {number} of {len(todo)}: {run.name}{left_for_all}")
        missing = runs.missing_teachers(run.variant)
        if missing:
            failed[run.name] = lost_teachers(missing)
        else:
            failed.update(make_run(runs, run, log))
        if run.name in failed:
            log(f"failed: {failed[run.name]}")
        left -= estimates[run].seconds if run in estimates else 0.0
