"""Which recipe a student follows, and the teachers that it takes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional, Sequence

from holle_tf.config import Config
from holle_tf.config_checks import TEACHERS
from holle_tf.distill.recipes import recipe
from holle_tf.options.distill import DistillConfig
from holle_tf.runs.data import open_data
from holle_tf.runs.identity import distill_options, find_teacher
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import Reading
from holle_tf.system.devices import ONE, Devices
from holle_tf.training.setup import of_teachers
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError
from pipelines.options import LONG_SETUPS, WINDOWS
from pipelines.prepare import PreparedData

Log = Callable[[str], None]


def with_recipe(config: Config, plain: str) -> Config:
    """``config`` with its recipe named, and the student's interaction and options those of the recipe.

    Args:
        plain: suffix of the mode's own recipe: "_train", or "" for distillation by equation (1).
    """
    chosen = recipe(config.recipe or config.sam.interaction + plain, config.recipes)
    sam = replace(config.sam, interaction=chosen.interaction)
    return replace(config, recipe=chosen.name, sam=sam, distill=chosen.over(config.distill))


def student_of_teachers(config: Config, teacher_runs: Optional[Sequence[str]]) -> Config:
    """``config`` of a student whose recipe fits as many teachers as are given.

    Raises:
        UserError: it does not, or its terms cannot be (``distill_options``).
    """
    config = with_recipe(replace(config, model="sam"), "")
    needed = recipe(config.recipe, config.recipes).teachers
    if not needed:
        raise UserError(f"--recipe={config.recipe} has no teacher; use --mode=train.")
    given = len(teacher_runs) if teacher_runs is not None else len(config.teachers)
    if not given:
        names = " or --teacher=".join(TEACHERS) if needed == 1 else ",".join(TEACHERS)
        raise UserError(f"--recipe={config.recipe} needs --teacher={names}.")
    if (given > 1) != (needed > 1):
        several = "several are for add_both, add_ensemble and recipes of teachers: 2"
        wanted, remedy = ("several teachers", "add one") if needed > 1 else ("one teacher", several)
        raise UserError(f"--recipe={config.recipe} learns from {wanted}, {given} given; {remedy}.")
    distill_options(config)  # which says what is wrong now, not after hours of training teachers
    return config


def student_alone(config: Config) -> Config:
    """``config`` of the student for comparison: on the labels alone, whatever terms and weights there are."""
    options = replace(config.distill, labels_weight=DistillConfig.labels_weight, conicity_weight=0.0)
    return replace(config, recipe=f"{config.sam.interaction}_train", teacher="", distill=options)


def find_or_train_teachers(
    config: Config,
    prepared: PreparedData,
    teacher_runs: Optional[Sequence[str]],
    log: Log,
    devices: Devices = ONE,
) -> list[RunFolder]:
    """The runs of ``teacher_runs``, or those of ``config.teachers``, trained now if there are none.

    Teachers of one kind are runs of different seeds.
    """
    runs: list[RunFolder] = []
    if teacher_runs is not None:
        for path in teacher_runs:
            run = RunFolder(Path(path))
            if run.path.resolve() in [other.path.resolve() for other in runs]:
                raise UserError(f"--teacher_run: {path} is there twice; name another run.")
            if run.result() is None:
                raise UserError(f"--teacher_run={path}: no finished run is here.")
            Reading(run, prepared, config).check()
            if run.config().model not in TEACHERS:
                raise UserError(f"--teacher_run={path}: a {run.config().model}, not a teacher.")
            runs.append(run)
        return runs
    how = config.distill.long_teacher
    if how != DistillConfig.long_teacher and config.data.setup not in LONG_SETUPS:
        log(f"== distill.long_teacher={how} is for --setup=ld; these documents are short")
    own = of_teachers(config)
    if own.data.setup != config.data.setup:
        kind = "windows of them" if own.data.setup == WINDOWS else "short ones"
        log(f"== teachers of long documents are trained on {kind} and read long ones in chunks")
        config, prepared = own, open_data(own, log)
    taken: dict[str, list[int]] = {}  # seeds, by kind
    for kind in config.teachers:
        seeds = taken.setdefault(kind, [])
        seed = next(one for one in itertools.count(config.seed) if one not in seeds)
        plain = replace(config, model=kind, recipe="", teacher="", seed=seed)
        found = find_teacher(plain, prepared, kind, seeds)
        if found is not None:
            log(f"== teacher: {found.path}, trained before on this data")
        else:
            which = f"{kind} of seed {seed}" if seeds else kind
            log(f"== teacher: no {which} of this configuration for this data yet, training it first")
            found = ensure_run(plain, prepared, log=log, devices=devices)
            log(f"== teacher: {found.path}")
        seeds.append(found.config().seed)
        runs.append(found)
    return runs
