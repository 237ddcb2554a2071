"""``--mode=tune``: the part of this process in a search, and the outcome."""

from __future__ import annotations

import json
import logging
from typing import Optional, Sequence

from holle_tf.config import Config
from holle_tf.drawing.terminal_table import print_table
from pipelines.errors import UserError
from tuning.distributed import choose_role, lead, search_alone, work
from tuning.hparams import write_experiment
from tuning.picture import plot_trials
from tuning.plan import Plan, make_plan
from tuning.results import results_table, trial_rows, write_results
from tuning.search import SearchTuner
from tuning.text import COMPLETED

logger = logging.getLogger(__name__)


def tune_mode(
    config: Config,
    run_dir: Optional[str] = None,
    teacher_run: Optional[Sequence[str]] = None,
    tuner_role: Optional[str] = None,
    tuner_id: Optional[str] = None,
    tuner_address: Optional[str] = None,
) -> None:
    """Search for the best values of a space, alone, as the chief of workers, or as one of them.

    Args:
        run_dir: folder of the search; by default one that is named after it.
        teacher_run: run folders of trained teachers; by default those of ``config.teacher`` are found or
            trained.
        tuner_role, tuner_id, tuner_address: see ``choose_role``.

    Raises:
        UserError: the search cannot begin, or every trial failed.
    """
    role = choose_role(tuner_role, tuner_id, tuner_address, config.tuning.workers)
    if role.name == "worker":
        work(config, run_dir, teacher_run, role)
        return
    plan = make_plan(config, run_dir, teacher_run)
    plan.begin()
    write_experiment(plan.folder, plan.space)
    size = f"{plan.space.size:,} combinations" if plan.space.size else "no end of combinations"
    trials = f", {plan.trials} of them tried" if plan.trials else ""
    logger.info(f"== {plan.tuner} search of {plan.space.name} ({size}{trials}): {plan.folder}")
    tuner = search_alone(plan) if role.name == "alone" else lead(plan, role)
    _conclude(tuner, plan)


def _conclude(tuner: SearchTuner, plan: Plan) -> None:
    rows = trial_rows(tuner, plan)
    written = write_results(rows, plan, tuner.oracle.elapsed)
    done = [row for row in rows if row["status"] == COMPLETED]
    if not done:
        reason = rows[-1]["error"] if rows else "there was no time for one"
        raise UserError(f"{plan.folder}: no trial was completed; the last said: {reason}")
    picture = plan.folder / "trials.png"
    plot_trials(done, plan.space, plan.config.tuning.objective, picture)
    print_table(
        results_table(rows, plan), "trials, best first; front: none both better in F1 and lower in this"
    )
    print("best:        ", plan.folder / "best.yaml")
    print("picture:     ", picture)
    print("TensorBoard: ", f"tensorboard --logdir {plan.folder / 'hparams'}")
    mode = "distill" if plan.teachers else "train"
    print("go on with:  ", f"python -m holle_tf.main --mode={mode} --config={plan.folder / 'best.yaml'}")
    failed = len(rows) - len(done)
    if failed:
        print("failed:      ", f"{failed} of {len(rows)} trials; see log.txt in their folders")
    best = {"trial": done[0]["trial"], **done[0]["values"], "val_f1": done[0]["val_f1"]}
    files = [str(path) for path in [*written, picture]]
    print(json.dumps({"search": str(plan.folder), "best": best, "failed": failed, "files": files}))
