"""``--mode=report``: the paper's tables from runs, which are made where they are missing."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

from holle_tf.config import Config, load_config, preset, values_of
from holle_tf.drawing.terminal_table import print_table
from holle_tf.evaluate.references import read_references
from holle_tf.report.content import report_content
from holle_tf.report.costs import measure_costs
from holle_tf.report.execution import carry_out, score_rows
from holle_tf.report.outcomes import OUTCOMES, kept_from, write_outcomes
from holle_tf.report.plan import duration, plan_line, plan_table, teachers_line
from holle_tf.report.report_files import write_report
from holle_tf.report.rows import all_rows
from holle_tf.report.runs import Runs, collect
from holle_tf.report.tables import SETUPS
from holle_tf.report.timing import estimate_all
from holle_tf.runs.evaluation import baseline_rows
from holle_tf.runs.run_folder import versions
from holle_tf.system.machine import command_line, machine
from pipelines.errors import UserError

logger = logging.getLogger(__name__)

PRESETS = {
    "smoke": ("demo", "smoke"),
    "demo": ("demo",),
    "full": (),
}  # of each --size, the later over the earlier


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Attributes:
        size: smoke | demo | full.
        plan_only: say what there is to do, and stop.
        existing: train nothing; the report of what is finished.
        output: folder of the report; by default ``report-<size>`` under ``runs_dir``.
        multi_reference: a file of further references.
    """

    size: str
    plan_only: bool = False
    existing: bool = False
    output: Optional[str] = None
    multi_reference: Optional[str] = None


def report_mode(load: Callable[..., Config], request: Request) -> int:
    """Plan, run what is missing, and write the report; a run that fails is named in it.

    Args:
        load: names of presets -> the configuration of the command line over them.

    Returns:
        The exit status: 1 where a run failed, else 0.

    Raises:
        UserError: a size that needs data has none, the file of references is broken, or the folder of the
            report cannot be made.
        KeyboardInterrupt: again, after the report of what was finished until then.
    """
    config = load(*PRESETS[request.size])
    if request.size == "full" and not config.data_dir:
        raise UserError("--size=full needs your data: --data_dir and --glove; --size=demo needs nothing.")
    references = read_references(request.multi_reference) if request.multi_reference else None
    folder = Path(request.output or Path(config.runs_dir) / f"report-{request.size}")
    if not request.plan_only:
        _make(folder)
    runs = Runs(config)
    states = runs.states()
    failed: dict[str, str] = {}
    interrupted = False
    if not request.existing:
        # A plan is wanted soon; before hours of training the rest can be measured too; and at the smallest
        # size compiling a few steps would take as long as the runs themselves.
        measure = "plain" if request.plan_only else "nothing" if request.size == "smoke" else "all"
        logger.info(
            "== the plan" + ("; what no run tells is measured by a few steps" if measure != "nothing" else "")
        )
        estimates = estimate_all(runs, states, measure)
        print_table(plan_table(states, estimates), f"report, size {request.size}", whole=True)
        print(plan_line(states, estimates, config.report.workers))
        if taught := teachers_line(states, config):
            print(taught)
        if request.plan_only:
            return 0
    costs_config, setups = _costs_config(load, request), _costs_setups(runs, request)

    def costs_of(existing: bool) -> Optional[dict[str, Any]]:
        try:
            existing = existing or not config.report.costs
            return measure_costs(costs_config, setups, Path(config.runs_dir), existing)
        except UserError as error:  # the tables of the runs are wanted without them
            failed["costs"] = str(error)
            return None

    try:
        if not request.existing:
            carry_out(runs, states, estimates, folder, failed)
        # A finished run has not failed, even if its process died while it was scored: that is tried again.
        unfinished = {run.name for run, state in runs.states().items() if not state.done}
        failed = {name: message for name, message in failed.items() if name in unfinished}
        failed.update(score_rows(runs, runs.rows))
        costs = costs_of(existing=request.existing)
    except KeyboardInterrupt:
        logger.info("stopped; writing the report of what is finished")
        interrupted, costs = True, costs_of(existing=True)
    states = runs.states()
    rows = collect(runs, states, failed, references)
    found = [setup for setup in SETUPS if any(row.outcomes for row in rows.values() if row.setup == setup)]
    baselines = {setup: baseline_rows(runs.prepared(setup), "test", config.seed) for setup in found}
    content = report_content(runs, rows, baselines, costs, references, folder)
    finished = [run for run, state in states.items() if state.done]
    outcomes = [one for row in rows.values() for one in row.outcomes]
    made = {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "machine": machine()}
    about = {
        "size": request.size,
        "existing": request.existing,
        "command": command_line(),
        **made,
        "versions": versions(),
        "data": {setup: _counts(runs, setup) for setup in found},
        "corpus": config.data_dir or "the embedded demo corpus: fictitious movies and chats",
        "own_data": bool(config.data_dir),
        "planned": len(states),
        "finished": len(finished),
        "kept": kept_from(outcomes),
        "missing": [run.name for run, state in states.items() if not state.done],
        "only": list(config.report.only),
        "options": _options(config, load_config(map(preset, PRESETS[request.size]))),
        "left_out": [key for key in all_rows(config) if key not in runs.rows],
        "training_time": duration(sum(line["seconds"] for one in outcomes for line in one.epochs)),
        "failed": failed,
    }
    files = write_report(folder, {**about, **content}, rows)
    # What was kept is kept on as it was, with its scores against other references.
    write_outcomes(folder / OUTCOMES, [runs.kept[one.digest] if one.made else one for one in outcomes], made)
    logger.info(f"{len(finished)} of {len(states)} runs are finished; {len(failed)} faults")
    for name, message in failed.items():
        logger.warning(f"failed: {name}: {message}")
    print(json.dumps({"report": str(files[0]), "finished": len(finished), "planned": len(states),
                      "failed": sorted(failed)}))  # fmt: skip
    if interrupted:
        raise KeyboardInterrupt
    return 1 if failed else 0


def _make(folder: Path) -> None:
    """Make the folder of the report now, not after hours of training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        said = f"{folder}: no folder can be made here ({error.strerror}); choose another --output."
        raise UserError(said) from error


def _costs_setups(runs: Runs, request: Request) -> list[str]:
    """Those of the rows that are made, and the short documents, on which training is measured."""
    if request.size == "smoke":  # every measurement is a process, which takes longer to start than a run
        return ["sd"]
    return [one for one in SETUPS if one == "sd" or any(row.startswith(f"{one}/") for row in runs.rows)]


def _costs_config(load: Callable[..., Config], request: Request) -> Config:
    """Costs are those of the published sizes, but where the report itself is a test."""
    return load(*PRESETS["smoke"]) if request.size == "smoke" else load()


def _options(config: Config, plain: Config) -> dict[str, str]:
    """What the user has set otherwise than it is at this size, but for places and what stands elsewhere."""
    elsewhere = ("data_dir", "glove", "runs_dir", "report.only", "report.kept")
    usual, unset = values_of(plain), ("", 0)  # of a recipe, its teachers and summary
    return {
        key: json.dumps(value)
        for key, value in values_of(config).items()
        if key not in elsewhere and value != usual.get(key) and (key in usual or value not in unset)
    }


def _counts(runs: Runs, setup: str) -> dict[str, Any]:
    prepared = runs.prepared(setup)
    counts: dict[str, Any] = {split: prepared.count(split) for split in ("train", "dev", "test")}
    return {**counts, "mean_words": round(prepared.mean_words("test")["document"])}
