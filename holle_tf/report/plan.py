"""The plan as text: which runs there are, how far they are, and how long the rest takes."""

from __future__ import annotations

from typing import Mapping

from rich import box
from rich.table import Table

from holle_tf.config import Config
from holle_tf.options.distill import is_score_file
from holle_tf.report.rows import PlannedRun
from holle_tf.report.runs import State
from holle_tf.report.timing import Estimate
from holle_tf.report.variants import teacher_key


def plan_table(states: Mapping[PlannedRun, State], estimates: Mapping[PlannedRun, Estimate]) -> Table:
    """Every run with its state and the time that it still needs."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    tuned = any(state.setting for state in states.values())
    titles = ("run", "seed", *(["setting"] if tuned else []), "state")
    for title in (*titles, "epochs", "s/epoch", "time", "known from"):
        right = title in ("seed", "epochs", "s/epoch", "time")
        table.add_column(title, justify="right" if right else "left", no_wrap=title != "known from")
    for run, state in states.items():
        said = state.status if state.status != "begun" else f"{state.epochs} epochs"
        cells = [run.variant.key, str(run.seed), *([state.setting] if tuned else []), said]
        if run in estimates:
            estimate = estimates[run]
            cells += [
                f"<= {estimate.epochs}",
                f"{estimate.seconds_per_epoch:.1f}",
                duration(estimate.seconds),
                estimate.basis,
            ]
        elif not state.done:
            cells += ["", "", "", "not known"]
        table.add_row(*cells)
    return table


def plan_line(
    states: Mapping[PlannedRun, State], estimates: Mapping[PlannedRun, Estimate], workers: int
) -> str:
    """The plan in a sentence.

    Args:
        workers: number of parallel runs; how much they save is unknown before training.
    """
    finished, kept, diverged = (
        sum(state.status == status for state in states.values())
        for status in ("finished", "kept", "diverged")
    )
    todo = len(states) - finished - kept - diverged
    others = "".join(f"{count} {name}, " for count, name in ((kept, "kept"), (diverged, "diverged")) if count)
    said = f"{len(states)} runs: {finished} finished, {others}{todo} to train"
    if estimates:
        seconds = sum(estimate.seconds for estimate in estimates.values())
        of = "" if todo == len(estimates) else f"{len(estimates)} of them "
        said += f", {of}in at most {duration(seconds)} of training, one after the other"
        if workers > 1:
            said += f" ({workers} in parallel: at least {duration(seconds / workers)})"
        said += "; starting and evaluating take extra time, early stopping saves some"
        if of:
            said += f"; the time of {todo - len(estimates)} is unknown until they start"
    return said


def teachers_line(states: Mapping[PlannedRun, State], config: Config) -> str:
    """Which teachers the students of long documents have; empty without such students."""
    students = [run.variant for run in states if run.variant.setup == "ld"]
    keys = {
        teacher_key("ld", kind, config): None
        for student in students
        for kind in student.teachers
        if not is_score_file(kind)
    }
    how = "whole" if config.distill.long_teacher == "whole" else "in chunks"
    return f"students of long documents learn from {', '.join(keys)}, which read them {how}" if keys else ""


def searches_line(states: Mapping[PlannedRun, State]) -> str:
    """What ``report.tuned`` adds to the plan; empty without it."""
    settings = {run.setting for run in states if run.setting}
    if not settings:
        return ""
    seeds = len({run.seed for run in states if run.setting})
    trials, mean = (f", {seeds} seeds each,", "mean ") if seeds > 1 else ("", "")
    return (
        f"report.tuned: each row of a student is trained with {len(settings)} settings{trials} first; all its"
        f" seeds are then trained with the setting of the best {mean}dev F1"
    )


def duration(seconds: float) -> str:
    """For people: 41 s, 12 min, 3 h 05 min."""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 0.5 else "< 1 s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
