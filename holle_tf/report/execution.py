"""Train and score the runs of a report, one after the other or several in parallel.

Parallel runs have a process and a share of the cores each. Training a small model leaves most of a second
core idle, so two runs with one core each finish sooner than the same two in turn on both cores.
"""

from __future__ import annotations

import logging
import os
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterable, Mapping, NamedTuple, Optional

import tensorflow as tf

from holle_tf.config import Config
from holle_tf.report.plan import duration
from holle_tf.report.rows import PlannedRun
from holle_tf.report.run_progress import ReportProgress
from holle_tf.report.runs import Runs, State
from holle_tf.report.timing import Estimate
from holle_tf.runs.evaluation import ensure_scores
from holle_tf.system.child_process import OwnProcess, ProcessDied, Surroundings, first_ended
from holle_tf.system.devices import one_gpu
from holle_tf.system.memory import keep_freed_memory
from holle_tf.training.progress_bar import bar
from pipelines.errors import UserError

LOGS = "logs"  # folder within the report's, of what each process says
LOOK = 2.0  # seconds between two looks at how far the processes are
_MOST = 300  # characters of an error in the report; all of it is in the log

logger = logging.getLogger(__name__)


class _Job(NamedTuple):
    run: PlannedRun
    share: int
    output: Path


def carry_out(
    runs: Runs,
    states: Mapping[PlannedRun, State],
    estimates: Mapping[PlannedRun, Estimate],
    folder: Path,
    failed: dict[str, str],
) -> None:
    """Train what is not finished; a run that fails does not keep the others from theirs.

    Args:
        folder: of the report, where processes of their own write what they say.
        failed: takes what goes wrong, by ``PlannedRun.name``; it has that after an interruption too.
    """
    if runs.config.report.workers > 1:
        make_together(runs, states, estimates, folder, failed)
        return
    left = sum(one.seconds for one in estimates.values())
    todo = [run for run, state in states.items() if not state.done]
    for number, run in enumerate(todo, 1):
        left_for_all = f"; about {duration(left)} left for all" if left else ""
        logger.info(f"== run {number} of {len(todo)}: {run.name}{left_for_all}")
        missing = runs.missing_teachers(run.variant)
        if missing:
            failed[run.name] = lost_teachers(missing)
        else:
            failed.update(make_run(runs, run))
        if run.name in failed:
            logger.warning(f"failed: {failed[run.name]}")
        left -= estimates[run].seconds if run in estimates else 0.0


def make_run(runs: Runs, run: PlannedRun) -> dict[str, str]:
    """Train a run and, at once, so that an interruption leaves nothing unscored, score what is read from it.

    Returns:
        What went wrong, by ``PlannedRun.name`` or by row and seed.
    """
    failed: dict[str, str] = {}
    _attempt(failed, run.name, runs.ensure, run)
    if not failed:
        failed.update(score_rows(runs, runs.rows_of(run), run.seed))
    return failed


def score_rows(runs: Runs, keys: Iterable[str], seed: Optional[int] = None) -> dict[str, str]:
    """Evaluate the finished runs behind some rows on the test split, where that was not done before.

    Args:
        seed: only those of this one; others may be at work in another process.

    Returns:
        What went wrong, by row and seed.
    """
    failed: dict[str, str] = {}
    with bar(None, "scores", "run") as progress:
        for key in keys:
            readings = runs.readings(key)
            for of_seed in readings if seed is None else [seed]:
                _attempt(failed, f"{key}, seed {of_seed}", ensure_scores, readings[of_seed], "test")
                progress.update()
    for name, message in failed.items():
        logger.warning(f"not scored: {name}: {message}")
    return failed


def make_together(
    runs: Runs,
    states: Mapping[PlannedRun, State],
    estimates: Mapping[PlannedRun, Estimate],
    folder: Path,
    failed: dict[str, str],
) -> None:
    """Train and score what is not finished, ``report.workers`` runs at once.

    A run begins as soon as there is a share of the cores for it and its teachers are there. All processes
    have ended when this returns or raises.

    Args:
        folder: of the report, see ``LOGS``.
        failed: takes what goes wrong, by ``PlannedRun.name``.
    """
    waiting = [run for run, state in states.items() if not state.done]
    for setup in {key.split("/")[0] for run in waiting for key in [run.variant.key, *runs.rows_of(run)]}:
        runs.prepared(setup)  # now, or several processes would do it at the same time
    shares = surroundings_of(runs.config.report.workers)
    free = list(range(len(shares)))
    at_work: dict[OwnProcess, _Job] = {}
    progress = ReportProgress(runs, states, estimates)
    try:
        while waiting or at_work:
            _give_up(runs, waiting, at_work.values(), failed)
            while free and (run := next_run(runs, waiting, [job.run for job in at_work.values()])):
                waiting.remove(run)
                name = f"{run.variant.key.replace('/', '-')}-seed{run.seed}.txt"
                job = _Job(run, free.pop(0), folder / LOGS / name)
                surroundings = replace(shares[job.share], output=job.output)
                at_work[OwnProcess(training, runs.config, run, surroundings=surroundings)] = job
                logger.info(f"== {run.name}: begun; what it says goes to {job.output}")
            for process in first_ended(at_work, LOOK):
                job = at_work.pop(process)
                free.append(job.share)
                failed.update(_outcome(process, job))
                if job.run.name in failed:
                    logger.warning(f"== {job.run.name}: failed: {failed[job.run.name]}")
                else:
                    logger.info(f"== {job.run.name}: finished")
            progress.show([job.run for job in at_work.values()], waiting, failed)
    finally:
        progress.close()
        for process in at_work:
            process.stop()


def surroundings_of(workers: int) -> list[Surroundings]:
    """The share of each of some processes: neighbouring cores, or one; and a GPU if there is one."""
    gpus = len(tf.config.list_physical_devices("GPU"))
    if hasattr(os, "sched_getaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        count = len(cores)
        found = [
            Surroundings(
                tuple(cores[i * count // workers : (i + 1) * count // workers]) or (cores[i % count],)
            )
            for i in range(workers)
        ]
    else:  # where a process cannot be kept to some cores, it can at least start no more threads than that
        threads = str(max(1, (os.cpu_count() or 1) // workers))
        names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
        found = [Surroundings(environment=dict.fromkeys(names, threads)) for _ in range(workers)]
    if not gpus:
        return found
    return [replace(one, environment={**one.environment, **one_gpu(i, gpus)}) for i, one in enumerate(found)]


def next_run(runs: Runs, waiting: list[PlannedRun], at_work: list[PlannedRun]) -> Optional[PlannedRun]:
    """The first run whose teachers are there.

    One that would wait for a teacher's scores, while another run computes them, comes after the others.
    """
    ready = [run for run in waiting if not runs.missing_teachers(run.variant)]
    busy = {scores for run in at_work for scores in _scores_read(run)}
    return next((run for run in ready if not busy & _scores_read(run)), ready[0] if ready else None)


def lost_teachers(teachers: Iterable[PlannedRun]) -> str:
    """Why a student is not trained."""
    return f"its teacher {' and '.join(one.name for one in teachers)} is not there"


def training(config: Config, run: PlannedRun) -> dict[str, str]:
    """What a process does: see ``make_run``."""
    keep_freed_memory()
    return make_run(Runs(config), run)


def _attempt(failed: dict[str, str], name: str, action: Callable[..., object], *arguments: object) -> None:
    try:
        action(*arguments)
    except UserError as error:
        failed[name] = str(error)
    except Exception as error:  # whatever it is, the other runs are still wanted, and the report names it
        logger.error(traceback.format_exc().rstrip())
        failed[name] = f"{type(error).__name__}: {_in_short(str(error))}"


def _in_short(message: str) -> str:
    """One line; of a long one, such as TensorFlow's with the calls that led there, what it ends with."""
    line = " ".join(message.split())
    return line if len(line) <= _MOST else f"... {line[-_MOST:]}"


def _scores_read(run: PlannedRun) -> set[tuple[str, str]]:
    return {(run.variant.setup, kind) for kind in run.variant.teachers}


def _give_up(runs: Runs, waiting: list[PlannedRun], at_work: Iterable[_Job], failed: dict[str, str]) -> None:
    """Take out of ``waiting`` the runs whose teachers will not come any more."""
    coming = {*waiting, *(job.run for job in at_work)}
    for run in list(waiting):
        lost = [one for one in runs.missing_teachers(run.variant) if one not in coming]
        if lost:
            waiting.remove(run)
            failed[run.name] = lost_teachers(lost)
            logger.warning(f"== {run.name}: failed: {failed[run.name]}")


def _outcome(process: OwnProcess, job: _Job) -> dict[str, str]:
    try:
        return process.result()
    except ProcessDied as error:
        return {job.run.name: f"{error} What it said is in {LOGS}/{job.output.name}."}
    except UserError as error:
        return {job.run.name: str(error)}
