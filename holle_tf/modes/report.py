"""``--mode=report``: train the runs that are missing, and write the paper's tables from all runs."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any, Callable, Optional

from holle_tf.config import Config, values_of
from holle_tf.config_sources import load_config, preset
from holle_tf.drawing.terminal_table import print_table
from holle_tf.evaluate.references import read_references
from holle_tf.report.content import report_content
from holle_tf.report.costs import measure_costs
from holle_tf.report.execution import score_rows, train_missing_runs
from holle_tf.report.outcomes import OUTCOMES, kept_from, write_outcomes
from holle_tf.report.plan import duration, plan_line, plan_table, searches_line, teachers_line
from holle_tf.report.report_files import write_report
from holle_tf.report.rows import all_rows
from holle_tf.report.runs import Runs, collect_rows
from holle_tf.report.score_rows import score_file_rows
from holle_tf.report.search import diverged_rows, kept_trials, search_tables
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
}  # by --size; later presets override earlier ones


def report_mode(
    load: Callable[..., Config],
    size: str = "demo",
    plan: bool = False,
    existing: bool = False,
    output: Optional[str] = None,
    multi_reference: Optional[str] = None,
) -> int:
    """Print the plan, train what is missing, and write the report, which names the runs that failed.

    Args:
        load: names of presets -> these presets with the options of the command line.
        size: smoke | demo | full.
        plan: print the plan and stop.
        existing: train nothing and report the finished runs.
        output: folder of the report; the default is ``report-<size>`` in ``runs_dir``.
        multi_reference: path of a file of further references.

    Returns:
        The exit status: 1 if a run failed, else 0.

    Raises:
        UserError: the size needs data and there are none, the file of references is broken, or the folder
            of the report cannot be created.
        KeyboardInterrupt: after an interruption, once the report of the finished runs is written.
    """
    config = load(*PRESETS[size])
    if size == "full" and not config.data_dir:
        raise UserError("--size=full needs your data: give --data_dir and --glove. --size=demo needs none.")
    references = read_references(multi_reference) if multi_reference else None
    folder = Path(output or Path(config.runs_dir) / f"report-{size}")
    if not plan:
        _make_folder(folder)
    runs = Runs(config)
    states = runs.states()
    failed: dict[str, str] = {}
    interrupted = False
    if not existing:
        # --plan has to be quick. Before hours of training everything can be measured. At the smallest size,
        # compiling a few steps would take as long as the runs themselves.
        measure = "plain" if plan else "nothing" if size == "smoke" else "all"
        measured = "" if measure == "nothing" else "; unknown times are measured on a few steps"
        logger.info(f"== the plan{measured}")
        estimates = estimate_all(runs, states, measure)
        print_table(plan_table(states, estimates), f"report, size {size}", whole=True)
        print(plan_line(states, estimates, config.report.workers))
        for line in filter(None, [searches_line(states), teachers_line(states, config)]):
            print(line)
        if plan:
            return 0
    costs_config, setups = _costs_config(load, size), _costs_setups(runs, size)

    def costs_of(kept: bool) -> Optional[dict[str, Any]]:
        try:
            existing_costs = kept or not config.report.costs
            return measure_costs(costs_config, setups, Path(config.runs_dir), existing_costs)
        except UserError as error:  # the report is written without them
            failed["costs"] = str(error)
            return None

    try:
        if not existing:
            train_missing_runs(runs, states, estimates, folder, failed)
        # A finished run has not failed, even if its process died while it was scored: it is scored again.
        unfinished = {run.name for run, state in runs.states().items() if not state.done}
        failed = {name: message for name, message in failed.items() if name in unfinished}
        failed.update(score_rows(runs, runs.rows))
        costs = costs_of(kept=existing)
    except KeyboardInterrupt:
        logger.info("interrupted; writing the report of the finished runs")
        interrupted, costs = True, costs_of(kept=True)
    states = runs.states()
    tuned = dict.fromkeys(run.variant for run in states if run.setting)
    searches = {variant.key: runs.search(variant) for variant in tuned}
    failed.update(diverged_rows(searches))
    rows = {**collect_rows(runs, states, failed, references), **score_file_rows(runs, references)}
    found = [setup for setup in SETUPS if any(row.outcomes for row in rows.values() if row.setup == setup)]
    baselines = {setup: baseline_rows(runs.prepared(setup), "test", config.seed) for setup in found}
    content = report_content(runs, rows, baselines, costs, references, folder)
    finished = [run for run, state in states.items() if state.done]
    outcomes = [outcome for row in rows.values() for outcome in row.outcomes]
    made = {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "machine": machine()}
    about = {
        "size": size,
        "existing": existing,
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
        "options": _options(config, load_config(map(preset, PRESETS[size]))),
        "left_out": [key for key in all_rows(config) if key not in runs.rows],
        "training_time": duration(sum(line["seconds"] for outcome in outcomes for line in outcome.epochs)),
        "failed": failed,
        "search_tables": search_tables(searches),
    }
    files = write_report(folder, {**about, **content}, rows)
    # Kept outcomes are written as they were read, even with scores against other references than these.
    whole = [runs.kept[outcome.digest] if outcome.made else outcome for outcome in outcomes]
    write_outcomes(folder / OUTCOMES, whole, made, kept_trials(searches))
    logger.info(f"{len(finished)} of {len(states)} runs are finished; {len(failed)} failures")
    for name, message in failed.items():
        logger.warning(f"failed: {name}: {message}")
    print(json.dumps({"report": str(files[0]), "finished": len(finished), "planned": len(states),
                      "failed": sorted(failed)}))  # fmt: skip
    if interrupted:
        raise KeyboardInterrupt
    return 1 if failed else 0


def _make_folder(folder: Path) -> None:
    """Create the folder of the report, so that an error comes before hours of training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = f"{folder}: the folder cannot be created ({error.strerror}); choose another --output."
        raise UserError(text) from error


def _costs_setups(runs: Runs, size: str) -> list[str]:
    """Setups of the chosen rows, and always short documents, on which training is measured."""
    if size == "smoke":  # each measurement starts a process, which takes longer than a run
        return ["sd"]
    return [
        setup for setup in SETUPS if setup == "sd" or any(row.startswith(f"{setup}/") for row in runs.rows)
    ]


def _costs_config(load: Callable[..., Config], size: str) -> Config:
    """Costs are measured at the published sizes, except in the smallest report."""
    return load(*PRESETS["smoke"]) if size == "smoke" else load()


def _options(config: Config, plain: Config) -> dict[str, str]:
    """Options that differ from the defaults of this size, except paths and what the page shows elsewhere."""
    elsewhere = ("data_dir", "glove", "runs_dir", "report.only", "report.kept")
    usual, unset = values_of(plain), ("", 0)  # unset fields of a recipe
    return {
        key: json.dumps(value)
        for key, value in values_of(config).items()
        if key not in elsewhere and value != usual.get(key) and (key in usual or value not in unset)
    }


def _counts(runs: Runs, setup: str) -> dict[str, Any]:
    prepared = runs.prepared(setup)
    counts: dict[str, Any] = {split: prepared.count(split) for split in ("train", "dev", "test")}
    return {**counts, "mean_words": round(prepared.mean_words("test")["document"])}
