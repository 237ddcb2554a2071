"""The plan for people: what there is to do, how long it takes, and how that is known."""

from __future__ import annotations

from typing import Mapping

from rich import box
from rich.table import Table

from holle_tf.config import Config
from holle_tf.report.rows import PlannedRun
from holle_tf.report.runs import State
from holle_tf.report.timing import Estimate
from holle_tf.report.variants import teacher_key


def plan_table(states: Mapping[PlannedRun, State], estimates: Mapping[PlannedRun, Estimate]) -> Table:
    """Every run, what is there of it, and how long the rest takes."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("run", "seed", "state", "epochs", "s/epoch", "time", "known from"):
        right = title in ("seed", "epochs", "s/epoch", "time")
        table.add_column(title, justify="right" if right else "left", no_wrap=title != "known from")
    for run, state in states.items():
        said = state.status if state.status != "begun" else f"{state.epochs} epochs"
        cells = [run.variant.key, str(run.seed), said]
        if run in estimates:
            one = estimates[run]
            cells += [f"<= {one.epochs}", f"{one.seconds_per_epoch:.1f}", duration(one.seconds), one.basis]
        elif not state.done:
            cells += ["", "", "", "not known"]
        table.add_row(*cells)
    return table


def plan_line(
    states: Mapping[PlannedRun, State], estimates: Mapping[PlannedRun, Estimate], workers: int
) -> str:
    """The plan in a sentence.

    Args:
        workers: runs at once; what that saves is not known before.
    """
    finished, kept = (sum(state.status == one for state in states.values()) for one in ("finished", "kept"))
    todo = len(states) - finished - kept
    said = f"{len(states)} runs: {finished} finished, {f'{kept} kept, ' if kept else ''}{todo} to train"
    if estimates:
        seconds = sum(one.seconds for one in estimates.values())
        of = "" if todo == len(estimates) else f"{len(estimates)} of them "
        said += f", {of}in at most {duration(seconds)} of training one after the other"
        if workers > 1:
            said += f" ({workers} at once: no less than {duration(seconds / workers)})"
        said += "; starting and evaluating each adds some, early stopping saves some"
        if of:
            said += f"; of {todo - len(estimates)} nothing is known before they begin"
    return said


def teachers_line(states: Mapping[PlannedRun, State], config: Config) -> str:
    """Who teaches students of long documents; empty where there are none."""
    students = [run.variant for run in states if run.variant.setup == "ld"]
    keys = {teacher_key("ld", kind, config): None for one in students for kind in one.teachers}
    how = "whole" if config.distill.long_teacher == "whole" else "in chunks"
    return f"students of long documents learn from {', '.join(keys)}, which read them {how}" if keys else ""


def duration(seconds: float) -> str:
    """41 s, 12 min, 3 h 05 min."""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 0.5 else "< 1 s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
