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
from typing import Callable, Collection, Iterable, Mapping, NamedTuple, Optional

import tensorflow as tf

from holle_tf.config import Config
from holle_tf.report.plan import duration
from holle_tf.report.rows import PlannedRun
from holle_tf.report.run_progress import ReportProgress
from holle_tf.report.runs import Runs, State
from holle_tf.report.timing import Estimate
from holle_tf.runs.evaluation import ensure_scores
from holle_tf.system.child_process import ChildProcess, ProcessDied, ProcessSettings, first_ended
from holle_tf.system.devices import gpu_environment
from holle_tf.system.memory import keep_freed_memory
from holle_tf.training.progress_bar import progress_bar
from pipelines.errors import UserError

LOGS = "logs"  # folder within the report's for the output of each process
POLL_SECONDS = 2.0  # between two updates of the progress line
NO_SETTING = "no setting of its row could be trained"
_ERROR_LENGTH = 300  # characters of an error in the report; the log has all of it

logger = logging.getLogger(__name__)


class _Job(NamedTuple):
    """A run that a process trains.

    Attributes:
        share: index of its share of the machine.
        output: file for what the process prints.
    """

    run: PlannedRun
    share: int
    output: Path


def train_missing_runs(
    runs: Runs,
    states: Mapping[PlannedRun, State],
    estimates: Mapping[PlannedRun, Estimate],
    folder: Path,
    failed: dict[str, str],
) -> None:
    """Train and score every run that is not done; if one fails, the others still run.

    Args:
        folder: of the report; parallel processes write their output to ``LOGS`` in it.
        failed: receives errors by ``PlannedRun.name``, so that they are known after an interruption too.
    """
    if runs.config.report.workers > 1:
        train_in_parallel(runs, states, estimates, folder, failed)
        return
    left = sum(estimate.seconds for estimate in estimates.values())
    todo = [run for run, state in states.items() if not state.done]
    for number, run in enumerate(todo, 1):
        time_left = f"; about {duration(left)} left for all" if left else ""
        logger.info(f"== run {number} of {len(todo)}: {run.name}{time_left}")
        missing = runs.missing_teachers(run.variant)
        if missing:
            failed[run.name] = missing_teachers_error(missing)
        elif runs.settled(run) is None:
            failed[run.name] = NO_SETTING
        else:
            failed.update(train_and_score(runs, run))
        if run.name in failed:
            runs.lost.add(run)
            logger.warning(f"failed: {failed[run.name]}")
        left -= estimates[run].seconds if run in estimates else 0.0


def train_and_score(runs: Runs, run: PlannedRun) -> dict[str, str]:
    """Train a run, then score the rows that are read from it.

    Scoring follows each training, so that an interruption leaves no finished run without scores.

    Returns:
        Errors by ``PlannedRun.name``, or by row and seed where scoring failed.
    """
    failed: dict[str, str] = {}
    _attempt(failed, run.name, runs.ensure, run)
    if not failed:
        failed.update(score_rows(runs, runs.rows_of(run), run.seed))
    return failed


def score_rows(runs: Runs, keys: Iterable[str], seed: Optional[int] = None) -> dict[str, str]:
    """Evaluate the finished runs of some rows on the test split, unless they have their scores.

    Args:
        seed: score only the run of this seed; other processes may be at work on the others. While the
            settings of a row are searched, there is none.

    Returns:
        Errors by row and seed.
    """
    failed: dict[str, str] = {}
    with progress_bar(None, "scores", "run") as progress:
        for key in keys:
            runs_on_data = runs.runs_on_data(key)
            for number in runs_on_data if seed is None else {seed} & runs_on_data.keys():
                _attempt(failed, f"{key}, seed {number}", ensure_scores, runs_on_data[number], "test")
                progress.update()
    for name, message in failed.items():
        logger.warning(f"not scored: {name}: {message}")
    return failed


def train_in_parallel(
    runs: Runs,
    states: Mapping[PlannedRun, State],
    estimates: Mapping[PlannedRun, Estimate],
    folder: Path,
    failed: dict[str, str],
) -> None:
    """Train and score every run that is not done, ``report.workers`` runs at a time.

    A run starts as soon as a share of the cores is free and its teachers are trained. All processes have
    ended when this returns or raises.

    Args:
        folder: of the report; each process writes its output to ``LOGS`` in it.
        failed: receives errors by ``PlannedRun.name``.
    """
    waiting = [run for run, state in states.items() if not state.done]
    for setup in {key.split("/")[0] for run in waiting for key in [run.variant.key, *runs.rows_of(run)]}:
        runs.prepared(setup)  # here, so that no two processes prepare the same data
    shares = machine_shares(runs.config.report.workers)
    free = list(range(len(shares)))
    jobs: dict[ChildProcess, _Job] = {}
    progress = ReportProgress(runs, states, estimates)
    try:
        while waiting or jobs:
            _fail_without_teachers(runs, waiting, jobs.values(), failed)
            _fail_without_setting(runs, waiting, jobs.values(), failed)
            while free and (run := next_run(runs, waiting, [job.run for job in jobs.values()])):
                waiting.remove(run)
                job = _Job(run, free.pop(0), folder / LOGS / output_name(run))
                settings = replace(shares[job.share], output=job.output)
                jobs[ChildProcess(training, runs.config, run, runs.lost, settings=settings)] = job
                logger.info(f"== {run.name}: started; its output goes to {job.output}")
            for process in first_ended(jobs, POLL_SECONDS):
                job = jobs.pop(process)
                free.append(job.share)
                failed.update(_errors_of(process, job))
                if job.run.name in failed:
                    runs.lost.add(job.run)
                    logger.warning(f"== {job.run.name}: failed: {failed[job.run.name]}")
                else:
                    logger.info(f"== {job.run.name}: finished")
            progress.show([job.run for job in jobs.values()], waiting, failed)
    finally:
        progress.close()
        for process in jobs:
            process.stop()


def machine_shares(workers: int) -> list[ProcessSettings]:
    """The share of the machine that each process gets: neighbouring cores, at least one, and a GPU if any."""
    gpus = len(tf.config.list_physical_devices("GPU"))
    if hasattr(os, "sched_getaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        count = len(cores)
        shares = [
            ProcessSettings(
                tuple(cores[i * count // workers : (i + 1) * count // workers]) or (cores[i % count],)
            )
            for i in range(workers)
        ]
    else:  # the system cannot bind a process to cores, so limit its threads
        threads = str(max(1, (os.cpu_count() or 1) // workers))
        names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
        shares = [ProcessSettings(environment=dict.fromkeys(names, threads)) for _ in range(workers)]
    if not gpus:
        return shares
    return [
        replace(share, environment={**share.environment, **gpu_environment(i, gpus)})
        for i, share in enumerate(shares)
    ]


def next_run(runs: Runs, waiting: list[PlannedRun], running: list[PlannedRun]) -> Optional[PlannedRun]:
    """The first waiting run whose teachers are trained and whose setting is known; None if there is none.

    A run that needs teacher scores which a running one may still be computing comes after the others.
    """
    ready = [run for run in waiting if not runs.missing_teachers(run.variant) and runs.settled(run)]
    busy = {scores for run in running for scores in _scores_read(run)}
    return next((run for run in ready if not busy & _scores_read(run)), ready[0] if ready else None)


def output_name(run: PlannedRun) -> str:
    """Name of the file for what the process of a run prints."""
    tried = f"-rate{run.setting.learning_rate}-l2_{run.setting.l2}" if run.setting else ""
    return f"{run.variant.key.replace('/', '-')}-seed{run.seed}{tried}.txt"


def missing_teachers_error(teachers: Iterable[PlannedRun]) -> str:
    """The error of a student that cannot be trained."""
    return f"its teacher {' and '.join(teacher.name for teacher in teachers)} was not trained"


def training(config: Config, run: PlannedRun, lost: Collection[PlannedRun]) -> dict[str, str]:
    """The work of one process, see ``train_and_score``.

    Args:
        lost: runs that have failed so far.
    """
    keep_freed_memory()
    return train_and_score(Runs(config, lost), run)


def _attempt(failed: dict[str, str], name: str, action: Callable[..., object], *arguments: object) -> None:
    try:
        action(*arguments)
    except UserError as error:
        failed[name] = str(error)
    except Exception as error:  # any other failure: the other runs go on, and the report shows this one
        logger.error(traceback.format_exc().rstrip())
        failed[name] = f"{type(error).__name__}: {_shortened(str(error))}"


def _shortened(message: str) -> str:
    """The message in one line; only the end of a long one, where TensorFlow puts the cause."""
    line = " ".join(message.split())
    return line if len(line) <= _ERROR_LENGTH else f"... {line[-_ERROR_LENGTH:]}"


def _scores_read(run: PlannedRun) -> set[tuple[str, str]]:
    """Setup and kind of the teachers whose scores a run needs."""
    return {(run.variant.setup, kind) for kind in run.variant.teachers}


def _fail_without_teachers(
    runs: Runs, waiting: list[PlannedRun], jobs: Iterable[_Job], failed: dict[str, str]
) -> None:
    """Move each run from ``waiting`` to ``failed`` if a teacher is neither trained nor still to come."""
    coming = {*waiting, *(job.run for job in jobs)}
    for run in list(waiting):
        lost = [teacher for teacher in runs.missing_teachers(run.variant) if teacher not in coming]
        if lost:
            waiting.remove(run)
            runs.lost.add(run)
            failed[run.name] = missing_teachers_error(lost)
            logger.warning(f"== {run.name}: failed: {failed[run.name]}")


def _fail_without_setting(
    runs: Runs, waiting: list[PlannedRun], jobs: Iterable[_Job], failed: dict[str, str]
) -> None:
    """Move each run from ``waiting`` to ``failed`` if the search of its row is over without a setting."""
    searching = {run.variant for run in [*waiting, *(job.run for job in jobs)] if run.setting}
    for run in list(waiting):
        if run.variant not in searching and runs.settled(run) is None:
            waiting.remove(run)
            failed[run.name] = NO_SETTING
            logger.warning(f"== {run.name}: failed: {failed[run.name]}")


def _errors_of(process: ChildProcess, job: _Job) -> dict[str, str]:
    try:
        return process.result()
    except ProcessDied as error:
        return {job.run.name: f"{error} Its output is in {LOGS}/{job.output.name}."}
    except UserError as error:
        return {job.run.name: str(error)}
