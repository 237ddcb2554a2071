"""Carry out the plan: say what there is to do and how long it takes, then do it."""

from __future__ import annotations

from typing import Callable, Iterable, Mapping

from rich import box
from rich.table import Table
from tqdm import tqdm

from holle_tf.report.runs import PlannedRun, Runs, State
from holle_tf.report.timing import Estimate
from holle_tf.report.variants import SOURCES
from holle_tf.workflow.evaluation import ensure_scores
from holle_tf.workflow.progress import bar
from pipelines.errors import UserError

Log = Callable[[str], None]


def plan_table(states: Mapping[PlannedRun, State], estimates: Mapping[PlannedRun, Estimate]) -> Table:
    """Every run, what is there of it, and how long the rest takes."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("run", "seed", "state", "epochs left", "s/epoch", "time", "known from"):
        right = title in ("seed", "epochs left", "s/epoch", "time")
        table.add_column(title, justify="right" if right else "left", no_wrap=title != "known from")
    for run, state in states.items():
        said = state.status if state.status != "begun" else f"{state.epochs} epochs"
        cells = [run.variant.key, str(run.seed), said]
        if run in estimates:
            one = estimates[run]
            cells += [f"<= {one.epochs}", f"{one.seconds_per_epoch:.1f}", duration(one.seconds), one.basis]
        table.add_row(*cells)
    return table


def plan_line(states: Mapping[PlannedRun, State], estimates: Mapping[PlannedRun, Estimate]) -> str:
    """The plan in a sentence."""
    finished = sum(state.status == "finished" for state in states.values())
    todo = len(states) - finished
    said = f"{len(states)} runs: {finished} finished, {todo} to train"
    if todo and todo == len(estimates):
        total = duration(sum(one.seconds for one in estimates.values()))
        said += f" in at most {total} of training; evaluating each adds some, early stopping saves some"
    return said


def duration(seconds: float) -> str:
    """41 s, 12 min, 3 h 05 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def carry_out(
    runs: Runs, states: Mapping[PlannedRun, State], estimates: Mapping[PlannedRun, Estimate], log: Log
) -> dict[str, str]:
    """Train what is not finished; a run that fails does not keep the others from theirs.

    Returns:
        What went wrong, by ``PlannedRun.name``.
    """
    failed: dict[str, str] = {}
    left = sum(one.seconds for one in estimates.values())
    todo = [run for run, state in states.items() if state.status != "finished"]
    for number, run in enumerate(todo, 1):
        left_for_all = f"; about {duration(left)} left for all" if left else ""
        log(f"== run {number} of {len(todo)}: {run.name}{left_for_all}")
        missing = runs.missing_teachers(run.variant)
        if missing:
            failed[run.name] = f"its teacher {' and '.join(missing)} is not there"
        else:
            _attempt(failed, run.name, runs.ensure, run)
        if run.name in failed:
            log(f"failed: {failed[run.name]}")
        else:  # at once, so that an interruption leaves nothing unscored
            of_run = [key for key, source in SOURCES.items() if source == run.variant.key]
            failed.update(score_rows(runs, of_run, log))
        left -= estimates[run].seconds if run in estimates else 0.0
    return failed


def score_rows(runs: Runs, keys: Iterable[str], log: Log) -> dict[str, str]:
    """Evaluate the finished runs behind some rows on the test split, where that was not done before.

    Returns:
        What went wrong, by row and seed.
    """
    failed: dict[str, str] = {}
    with bar(None, "scores", "run") as progress:
        for key in keys:
            for seed, reading in runs.readings(key).items():
                _attempt(failed, f"{key}, seed {seed}", ensure_scores, reading, "test")
                progress.update()
    for name, message in failed.items():
        log(f"not scored: {name}: {message}")
    return failed


def _attempt(failed: dict[str, str], name: str, action: Callable[..., object], *arguments: object) -> None:
    try:
        action(*arguments)
    except UserError as error:
        failed[name] = str(error)
    except Exception as error:  # whatever it is, the other runs are still wanted, and the report names it
        tqdm.write(f"{name}: {type(error).__name__}")
        failed[name] = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
