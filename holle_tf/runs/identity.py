"""What decides the outcome of a run, and the folder where such a run is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Collection, Optional, Sequence

from holle_tf.catalogue import MODELS, is_student
from holle_tf.config import Config, to_dict
from holle_tf.distill.recipes import recipe
from holle_tf.distill.terms import (
    MATCHED,
    SUMMARIES,
    TERMS,
    check_cached_positions,
    default_top_k,
    needs,
    want_teachers,
)
from holle_tf.options.distill import SCORES, DistillConfig, is_score_file, teacher_setup
from holle_tf.runs.pool import has_pool, pool_identity
from holle_tf.runs.run_folder import RunFolder, TeacherSource
from holle_tf.runs.run_on_data import chunk_options
from pipelines.errors import UserError
from pipelines.files import json_sha256
from pipelines.plugins import plugin_digests
from pipelines.prepare import PreparedData

Identity = dict[str, Any]  # as it stands in a run's identity.json
# Options of models that older runs do not know; they are left out while they are off.
NEWER_OPTIONS = {"bidaf": ("match",), "qanet": ("match", "matching_start")}
# Likewise options of training, at these values.
NEWER_TRAINING = {"recurrence": "auto", "best_by": "f1"}
NO_VECTOR = (
    "distill.matching_weight needs teachers with a vector to match; use --teacher=bidaf and short documents."
)


def run_identity(config: Config, prepared: PreparedData, teachers: Sequence[TeacherSource]) -> Identity:
    """What decides the outcome of a run: data, model, training, seed, pool, and its teachers' identities."""
    return identity_from_teachers(config, prepared, [teacher.identity() or {} for teacher in teachers])


def identity_from_teachers(config: Config, prepared: PreparedData, teachers: Sequence[Identity]) -> Identity:
    """``run_identity`` from the identities of the teachers, which need not be trained yet."""
    training = to_dict(config.training_of(config.model))
    for name, usual in NEWER_TRAINING.items():
        if training[name] == usual:
            del training[name]
    del training["keep_state"]  # which changes nothing that is learned
    options = to_dict(config.options_of(config.model))
    for name in NEWER_OPTIONS.get(config.model, ()):
        if not options[name]:
            del options[name]
    sections: dict[str, Any] = {
        "model": config.model,
        config.model: options,
        "training": training,
        "seed": config.seed,
        "data": prepared.fingerprint,
        "max_span": config.evaluation.max_span,
    }
    if config.fold:  # a run on all of the training data stays what it was before there were folds
        sections["fold"] = config.fold
    terms = run_terms(config)
    student = is_student(config.model)
    if student:
        sections["recipe"] = recipe(config.recipe, config.recipes).runs_as or config.recipe
        if config.recipe in config.recipes:  # another definition under the same name is another run
            sections["terms"] = list(terms)
    weighted = student and config.distill.labels_weight != DistillConfig.labels_weight
    if teachers or set(terms) != {"labels"} or weighted:
        sections["distill"] = run_options(config, terms)
    if teachers:
        for teacher in teachers:
            sections["distill"].update(chunk_options(teacher, prepared, config) or {})
        if config.distill.folds > 1:
            sections["distill"]["folds"] = config.distill.folds
        sections["teacher"] = teachers[0] if len(teachers) == 1 else list(teachers)
    if has_pool(config, terms):
        sections["pool"] = pool_identity(config, prepared)
    plugins = {MODELS[config.model].plugin, *(TERMS[name].plugin for name in terms)} - {""}
    if plugins:  # another version of their code is another run
        sections["plugins"] = plugin_digests(plugins)
    return sections


def run_terms(config: Config) -> tuple[str, ...]:
    """Names of the terms that a run minimises: those of its recipe, and those that options switch on."""
    if not is_student(config.model):
        return ("labels",)
    chosen = recipe(config.recipe, config.recipes)
    extra = ["conicity"] if config.distill.conicity_weight else []
    # A run on the labels alone, made to compare a distilled run with, has no teacher to match.
    extra += ["matching"] if config.distill.matching_weight and chosen.teachers else []
    return tuple(dict.fromkeys([*chosen.terms, *extra]))


def run_options(config: Config, terms: Sequence[str]) -> dict[str, Any]:
    """The options that change any of these terms, by name."""
    options = {option for name in terms for option in TERMS[name].options}
    if config.distill.calibrate and want_teachers(terms):  # older runs do not know this option
        options.add("calibrate")
    return {option: getattr(config.distill, option) for option in sorted(options)}


def distill_options(config: Config) -> DistillConfig:
    """The options of the terms, with the paper's k where none is given.

    Raises:
        UserError: a term of the recipe is off; XLA is to compile a step in which a teacher reads; the
            cache of a teacher's scores is to keep fewer positions than the terms need; teachers of folds are
            to read at every step; the student does not return the vectors that a term needs; a term
            matches vectors, and a teacher has none; or a term takes gradients at the labels, and there is a
            pool, which has none.
    """
    options = config.distill
    options = replace(options, top_k=options.top_k or default_top_k(config.data.setup))
    if not is_student(config.model):  # labels_weight is for students only
        return replace(options, labels_weight=DistillConfig.labels_weight)
    terms = run_terms(config)
    check_switched_on(config.recipe, terms, options)
    reads = "reader" in needs(terms)
    on_line = reads or "teacher" in needs(terms) and not options.cache_teacher
    files = [kind for kind in config.teachers if is_score_file(kind)]
    if files and on_line:
        terms_or_option = f"the terms {', '.join(terms)}" if reads else "distill.cache_teacher=false"
        raise UserError(
            f"--teacher={files[0]}: a file of scores cannot read at every step, as {terms_or_option} would"
            f" let a teacher do; {'choose another recipe' if reads else 'leave that out'}."
        )
    if files and options.folds > 1:
        raise UserError(
            f"--teacher={files[0]}: a file of scores has no folds; leave out distill.folds, and write scores"
            " of teachers that have not seen the examples into the file."
        )
    if on_line and options.folds > 1:
        terms_or_option = f"the terms {', '.join(terms)}" if reads else "distill.cache_teacher=false"
        raise UserError(
            f"distill.folds={options.folds}: needs cached scores, but {terms_or_option} let a teacher read at"
            f" every step; {'choose another recipe' if reads else 'leave that out'}, or set distill.folds=1."
        )
    if on_line and config.training_of(config.model).jit:
        why = f"--recipe={config.recipe}" if reads else "distill.cache_teacher=false"
        raise UserError(
            f"training.{config.model}.jit: {why} lets a teacher read at every step, which XLA cannot compile;"
            f" set training.{config.model}.jit=false."
        )
    check_cached_positions(terms, options)
    if "gradient" in terms and options.gradient_mode == "label" and has_pool(config, terms):
        raise UserError(
            "distill.gradient_mode=label needs labels, which examples of distill.pool do not have;"
            " set distill.gradient_mode=projection, or leave out the pool."
        )
    lacking = [name for name in SUMMARIES if name not in MODELS[config.model].vectors]
    if "summaries" in needs(terms) and lacking:
        raise UserError(
            f"--model={config.model}: the terms {', '.join(terms)} need a student that returns"
            f" {' and '.join(SUMMARIES)}; leave out conicity and matching."
        )
    if "projection" in needs(terms):
        setup = teacher_setup(config.data.setup, options.long_teacher)
        without = [
            kind for kind in config.teachers if is_score_file(kind) or MATCHED not in MODELS[kind].vectors
        ]
        if setup != config.data.setup or without:
            raise UserError(NO_VECTOR)
    return options


def check_switched_on(name: str, terms: Sequence[str], options: DistillConfig) -> None:
    """Raise a UserError if a term of the recipe called ``name`` has no weight and is off by default."""
    for term in terms:
        weight = TERMS[term].weight
        if not getattr(options, weight) and not getattr(type(options), weight):
            raise UserError(
                f"--recipe={name}: its term {term!r} is off; give it a weight by --set distill.{weight}=1,"
                f" or, in a recipe of your own, by options: {{{weight}: 1}}."
            )


def default_run_path(config: Config, prepared: PreparedData, teachers: Sequence[TeacherSource]) -> Path:
    """``runs/<data>/<model>-...``; the name ends in a hash, so that different runs never share a folder."""
    return run_path(config, prepared, run_identity(config, prepared, teachers))


def run_path(config: Config, prepared: PreparedData, identity: Identity) -> Path:
    """The default folder of a run with this identity."""
    parts = [config.model, *([identity["recipe"].replace("_", "-")] if is_student(config.model) else [])]
    if config.fold:  # first, so that nobody who looks for runs of a model finds those on a part of the data
        parts.insert(0, _fold_part(config))
    parts += [_in_a_name(kind) for kind in config.teachers] if "teacher" in identity else []
    parts += [f"{folds}folds"] if (folds := identity.get("distill", {}).get("folds")) else []
    parts += [f"seed{config.seed}", json_sha256(identity)[:8]]
    return Path(config.runs_dir) / prepared.folder.name / "-".join(parts)


def _in_a_name(kind: str) -> str:
    """A teacher in the name of a folder; of a file of scores, its name without folder and endings."""
    if not is_score_file(kind):
        return kind
    stem = Path(kind[len(SCORES) :]).name.split(".")[0]
    return "scores_" + "".join(letter if letter.isalnum() else "_" for letter in stem)


def find_teacher(
    config: Config, prepared: PreparedData, kind: str, taken_seeds: Collection[int] = ()
) -> Optional[RunFolder]:
    """A finished run of the model ``kind`` on this data with this configuration.

    It is the run of the same seed if there is one, otherwise that of the lowest seed.

    Args:
        taken_seeds: seeds of runs that are not to be returned.
    """
    runs = finished_teachers(replace(config, model=kind), prepared)
    found = {seed: run for seed, run in runs.items() if seed not in taken_seeds}
    return found.get(config.seed) or (found[min(found)] if found else None)


def finished_teachers(config: Config, prepared: PreparedData) -> dict[int, RunFolder]:
    """The finished runs on this data that differ from ``config`` in nothing but the seed, by seed.

    If ``config.fold`` is given, they are the runs on the data without this fold.
    """
    wanted = run_identity(config, prepared, [])
    begin = f"{_fold_part(config)}-" if config.fold else ""
    found: dict[int, RunFolder] = {}
    for path in (Path(config.runs_dir) / prepared.folder.name).glob(f"{begin}{config.model}-*/result.json"):
        run = RunFolder(path.parent)
        identity = run.identity() or {}
        if {**identity, "seed": config.seed} == wanted:
            found[identity["seed"]] = run
    return found


def _fold_part(config: Config) -> str:
    """How the name of the folder of a run on the data without a fold begins."""
    return f"without-{config.fold.replace('/', 'of')}"
