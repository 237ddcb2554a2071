"""The recipe that a student follows, and the teachers that it learns from."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Optional, Sequence

from holle_tf.catalogue import is_student, students, title_of
from holle_tf.catalogue import teachers as known_teachers
from holle_tf.config import Config
from holle_tf.distill.recipes import recipe
from holle_tf.options.distill import DistillConfig, all_folds, is_score_file
from holle_tf.runs.data import open_data
from holle_tf.runs.identity import distill_options, find_teacher, finished_teachers
from holle_tf.runs.run_folder import RunFolder, TeacherSource
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.runs.score_teacher import ScoreTeacher
from holle_tf.system.devices import SINGLE_DEVICE, Devices
from holle_tf.training.setup import prepare_data_and_devices, with_teacher_setup
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError
from pipelines.options import LONG_SETUPS, WINDOWS
from pipelines.prepare import PreparedData

logger = logging.getLogger(__name__)


class Distillation(NamedTuple):
    """A student that can be trained now.

    Attributes:
        config: of the student, with its recipe and its teachers named.
        prepared: the data of the student.
        teachers: finished runs, of each teacher as many as ``distill.folds``, or files of scores.
        devices: the devices, started.
    """

    config: Config
    prepared: PreparedData
    teachers: list[TeacherSource]
    devices: Devices


def prepare_distillation(
    config: Config, teacher_runs: Optional[Sequence[str]], devices: Devices = SINGLE_DEVICE
) -> Distillation:
    """Prepare the data, start the devices, and find the teachers or train them.

    Args:
        teacher_runs: folders of finished teachers, or ``scores:FILE``, in place of ``config.teacher``.

    Raises:
        UserError: see ``student_of_teachers``, ``prepare_data_and_devices`` and ``find_or_train_teachers``;
            or the terms cannot be learned from these teachers.
    """
    config = student_of_teachers(config, teacher_runs)
    prepared, devices = prepare_data_and_devices(config, devices)
    teachers = find_or_train_teachers(config, prepared, teacher_runs, devices)
    config = replace(config, teacher=kinds_of(teachers, config.distill.folds))
    distill_options(config)  # fails now, not in training, if these teachers do not fit the terms
    return Distillation(config, prepared, teachers, devices)


def kinds_of(teachers: Sequence[TeacherSource], folds: int) -> str:
    """What ``--teacher`` would be for these runs, of each teacher as many as there are folds."""
    return ",".join(teacher.kind for teacher in teachers[::folds])


def on_labels_alone(config: Config) -> Config:
    """``config`` for a model that learns from the labels alone, with the recipe of a student named.

    Raises:
        UserError: the recipe needs a teacher, a recipe is given for a teacher, or a pool for a student.
    """
    if not is_student(config.model):
        if config.recipe:
            raise UserError(f"--model={config.model} is trained on its labels; leave out the recipe.")
        return replace(config, teacher="")
    config = with_recipe(config, "_train")
    if recipe(config.recipe, config.recipes).teachers:
        raise UserError(f"--recipe={config.recipe} needs a teacher; use --mode=distill --teacher=qanet.")
    if config.distill.pool:
        raise UserError(
            f"distill.pool={config.distill.pool}: --recipe={config.recipe} has no teacher to answer the pool;"
            " use --mode=distill --teacher=qanet, or leave out the pool."
        )
    return replace(config, teacher="")


def with_recipe(config: Config, plain: str) -> Config:
    """``config`` with its recipe named, and with the interaction and the options of that recipe.

    Args:
        plain: suffix of the mode's default recipe: "_train", or "" for distillation by equation (1).

    Raises:
        UserError: the recipe has another interaction than the student, which cannot change its own.
    """
    chosen = recipe(config.recipe or config.interaction + plain, config.recipes)
    options = config.options_of(config.student)
    if chosen.interaction != config.interaction:
        if not hasattr(options, "interaction"):
            raise UserError(
                f"--recipe={chosen.name}: {title_of(config.student)} has no interaction to choose;"
                f" use a recipe whose name begins with {config.interaction}."
            )
        options = replace(options, interaction=chosen.interaction)
    own: dict[str, Any] = {config.student: options}
    return replace(config, recipe=chosen.name, distill=chosen.over(config.distill), **own)


def student_of_teachers(config: Config, teacher_runs: Optional[Sequence[str]]) -> Config:
    """``config`` for a student, once it is known that its recipe fits the number of teachers that are given.

    Raises:
        UserError: it does not fit, its terms cannot be learned (``distill_options``), or its teachers cannot
            be those of folds.
    """
    config = with_recipe(replace(config, model=config.student), "")
    needed = recipe(config.recipe, config.recipes).teachers
    if not needed:
        raise UserError(f"--recipe={config.recipe} has no teacher; use --mode=train.")
    given = len(teacher_runs) if teacher_runs is not None else len(config.teachers)
    if not given:
        names = " or --teacher=".join(known_teachers()) if needed == 1 else ",".join(known_teachers()[:2])
        raise UserError(f"--recipe={config.recipe} needs --teacher={names}.")
    if (given > 1) != (needed > 1):
        several = "only add_both, add_ensemble and recipes with teachers: 2 take several"
        wanted, remedy = ("several teachers", "add one") if needed > 1 else ("one teacher", several)
        raise UserError(f"--recipe={config.recipe} learns from {wanted}, {given} given; {remedy}.")
    if config.fold:
        raise UserError(f"fold={config.fold}: only for --mode=train; distill.folds sets it for the teachers.")
    if config.distill.folds > 1 and teacher_runs is not None:
        raise UserError(
            f"distill.folds={config.distill.folds}: not with --teacher_run; use --teacher, which finds"
            " the runs without a fold or trains them."
        )
    distill_options(config)  # fails now, not after hours of training teachers
    return config


def student_alone(config: Config) -> Config:
    """``config`` for the student to compare with: on labels alone, without other terms, weights or a pool."""
    options = replace(
        config.distill,
        labels_weight=DistillConfig.labels_weight,
        conicity_weight=0.0,
        pool=DistillConfig.pool,
        pool_examples=DistillConfig.pool_examples,
    )
    return replace(config, recipe=f"{config.interaction}_train", teacher="", distill=options)


def also_student(config: Config) -> Optional[Config]:
    """``config`` for ``distill.also_student``, with the same recipe; None if it names no other student.

    Raises:
        UserError: no student has this name; or its recipe cannot be learned, see ``student_of_teachers``.
    """
    name = config.distill.also_student
    if name in ("none", config.model):
        return None
    if not is_student(name):
        raise UserError(f"distill.also_student={name}: a teacher; choose from {', '.join(students())}.")
    own = with_recipe(replace(config, model=name), "")
    distill_options(own)
    return own


def find_or_train_teachers(
    config: Config,
    prepared: PreparedData,
    teacher_runs: Optional[Sequence[str]],
    devices: Devices = SINGLE_DEVICE,
) -> list[TeacherSource]:
    """The runs in ``teacher_runs``, or those of ``config.teachers``, which are trained now if there are none.

    Several teachers of the same kind are runs with different seeds.

    Returns:
        Finished runs, and files of scores. With ``distill.folds`` above 1, a run for each fold stands in the
        place of a teacher.

    Raises:
        UserError: a file of scores cannot be read, or is given twice; or a folder in ``teacher_runs`` is
            given twice, or its run is unfinished, not that of a teacher, or was trained on other data.
    """
    runs: list[TeacherSource] = []
    read_file = partial(ScoreTeacher, prepared=prepared, max_unscored=config.distill.max_unscored)
    files = [
        name for name in (config.teachers if teacher_runs is None else teacher_runs) if is_score_file(name)
    ]
    if len(set(files)) < len(files):
        raise UserError(f"--teacher: {max(files, key=files.count)} is given twice; leave out one.")
    if teacher_runs is not None:
        for path in teacher_runs:
            if is_score_file(path):
                runs.append(read_file(path))
                continue
            run = RunFolder(Path(path))
            if run.path.resolve() in [other.path.resolve() for other in runs]:
                raise UserError(f"--teacher_run: {path} is given twice; name another run.")
            if run.result() is None:
                raise UserError(f"--teacher_run={path}: no finished run is here.")
            RunOnData(run, prepared, config).check()
            if is_student(run.config().model):
                raise UserError(f"--teacher_run={path}: a {run.config().model}, not a teacher.")
            runs.append(run)
        return runs
    how = config.distill.long_teacher
    if how != DistillConfig.long_teacher and config.data.setup not in LONG_SETUPS:
        logger.warning(f"== distill.long_teacher={how} is for --setup=ld; these documents are short")
    own = with_teacher_setup(config)
    if own.data.setup != config.data.setup and not all(map(is_score_file, config.teachers)):
        kind = "windows of them" if own.data.setup == WINDOWS else "short ones"
        logger.info(f"== teachers of long documents are trained on {kind} and read long ones in chunks")
        config, prepared = own, open_data(own)
    taken: dict[str, list[int]] = {}  # kind -> seeds of the runs that are in use
    for kind in config.teachers:
        if is_score_file(kind):
            runs.append(read_file(kind))
            continue
        seeds = taken.setdefault(kind, [])
        seed = next(free for free in config.seeds(len(seeds) + 1) if free not in seeds)
        plain = replace(config, model=kind, recipe="", teacher="", seed=seed)
        if config.distill.folds > 1:
            of_folds = _find_or_train_folds(plain, prepared, seeds, devices)
            seeds.append(of_folds[0].config().seed)
            runs += of_folds
            continue
        found = find_teacher(plain, prepared, kind, seeds)
        if found is not None:
            logger.info(f"== teacher: {found.path}, trained before on this data")
        else:
            which = f"{kind} with seed {seed}" if seeds else kind
            logger.info(
                f"== teacher: no {which} with this configuration for this data yet; training it first"
            )
            found = ensure_run(plain, prepared, devices=devices)
            logger.info(f"== teacher: {found.path}")
        seeds.append(found.config().seed)
        runs.append(found)
    return runs


def _find_or_train_folds(
    plain: Config, prepared: PreparedData, taken_seeds: Sequence[int], devices: Devices
) -> list[RunFolder]:
    """A run without each fold, all of one seed.

    It is the seed of ``plain``, unless that lacks a finished run and another seed, not in ``taken_seeds``,
    has those of all folds.
    """
    parts = [replace(plain, fold=fold) for fold in all_folds(plain.distill.folds)]
    finished = [finished_teachers(part, prepared) for part in parts]
    whole = set.intersection(*(set(runs) for runs in finished)) - set(taken_seeds)
    seed = min(whole) if whole and plain.seed not in whole else plain.seed
    runs = []
    for part, known in zip(parts, finished):
        if seed in known:
            logger.info(f"== teacher without fold {part.fold}: {known[seed].path}, trained before")
        else:
            logger.info(f"== teacher: training {part.model} without fold {part.fold} of the training data")
            known[seed] = ensure_run(replace(part, seed=seed), prepared, devices=devices)
        runs.append(known[seed])
    return runs
