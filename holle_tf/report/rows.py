"""The rows of a report (the paper's, and those of ``report.rows``) and the runs that they need."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from holle_tf.catalogue import DEFAULT_STUDENT, is_student, teachers
from holle_tf.config import Config
from holle_tf.distill.recipes import recipe
from holle_tf.options.distill import numbered
from holle_tf.report.tables import SETUPS
from holle_tf.report.variants import (
    COMPARISONS,
    ROWS,
    VARIANTS,
    Comparison,
    Variant,
    source_of,
    teacher_key,
    teacher_variants,
)  # fmt: skip
from holle_tf.runs.identity import distill_options
from pipelines.errors import UserError


class PlannedRun(NamedTuple):
    """One training of the plan."""

    variant: Variant
    seed: int

    @property
    def name(self) -> str:
        """For people, as ``sd/add_topk/qanet, seed 0``."""
        return f"{self.variant.key}, seed {self.seed}"


def all_variants(config: Config) -> tuple[Variant, ...]:
    """Everything that a report may train, teachers before their students.

    Raises:
        UserError: see ``own_variants``.
    """
    own = [variant for variant in own_variants(config) if variant.name not in teachers()]
    return (*teacher_variants(), *VARIANTS, *own)


def all_rows(config: Config) -> tuple[str, ...]:
    """Keys of the rows, those of one's own last; errors as of ``own_variants``."""
    return (*ROWS, *(one.key for one in own_variants(config)))


def own_variants(config: Config) -> tuple[Variant, ...]:
    """The rows of ``report.rows``: a student's recipe (the paper's or one of ``recipes``), or a teacher.

    A recipe is trained with as many seeds as those that the paper's claims rest on.

    Raises:
        UserError: one is not like ``sd/add_topk/qanet``, its recipe wants other teachers or cannot be
            trained as it is (``distill_options``), or it is a row anyway.
    """
    own = dict.fromkeys(_own_variant(text, config) for text in config.report.rows)
    return tuple(own)


def _own_variant(text: str, config: Config) -> Variant:
    where = f"report.rows: {text!r}"
    setup, *rest = text.split("/")
    if setup not in SETUPS or len(rest) not in (1, 2):
        raise UserError(f"{where}: not like sd/add_topk/qanet or ld/add_both/bidaf+qanet; correct it.")
    name, kinds = rest[0], tuple(sorted(rest[1].split("+"))) if rest[1:] else ()
    if name in teachers() and not kinds:
        return _not_there_anyway(Variant(setup, name), where)
    student, _, name = name.rpartition(":")
    student = student or DEFAULT_STUDENT
    try:
        if not is_student(student):
            raise UserError(f"{student} is a teacher; its row is {setup}/{student}.")
        chosen = recipe(name, config.recipes)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    if not set(kinds) <= set(teachers()):
        raise UserError(f"{where}: teachers are {' and '.join(teachers())}, several with a + between them.")
    if min(len(kinds), 2) != chosen.teachers:
        wanted = ("no teacher", "one teacher", "two teachers")[chosen.teachers]
        last = ("", "/qanet", "/bidaf+qanet")[chosen.teachers]
        raise UserError(f"{where}: the recipe {name} has {wanted}; write it as {setup}/{name}{last}.")
    variant = Variant(setup, name, kinds, headline=True, own=chosen, student=student)
    _not_there_anyway(variant, where)
    try:
        distill_options(variant.config(config, config.seed))
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    return variant


def _not_there_anyway(variant: Variant, where: str) -> Variant:
    if variant.key in ROWS:
        raise UserError(f"{where}: the report has this row anyway; leave it out.")
    return variant


def chosen_rows(config: Config) -> list[str]:
    """The rows that any of the patterns of ``report.only`` fits; all where there is none.

    Raises:
        UserError: a pattern fits no row; or see ``own_variants``.
    """
    patterns, rows = config.report.only, all_rows(config)
    for pattern in patterns:
        if not any(fnmatchcase(key, pattern) for key in rows):
            raise UserError(f"report.only: no row is like {pattern!r}; there are {', '.join(rows)}.")
    return [key for key in rows if not patterns or any(fnmatchcase(key, one) for one in patterns)]


def teachers_of(variant: Variant, config: Config) -> list[tuple[str, int]]:
    """Key and seed of each run that it learns from.

    Students of all seeds have the same: those of the first seed, and the second of a kind is of the next.
    """
    return [
        (teacher_key(variant.setup, kind, config), config.seed + place)
        for kind, place in numbered(variant.teachers)
    ]


def planned_runs(config: Config) -> list[PlannedRun]:
    """Every run in the order of training: first all variants once, then the further seeds.

    Runs of rows that ``report.only`` leaves out are not among them, but for the teachers of those that it
    names (``teachers_of``).

    Raises:
        UserError: see ``chosen_rows``.
    """
    variants = all_variants(config)
    sources = {source_of(key, config) for key in chosen_rows(config)}
    students = [variant for variant in variants if variant.key in sources]
    seeds = {one.key: set(one.seeds(config) if one.key in sources else ()) for one in variants}
    for one in students:
        for key, seed in teachers_of(one, config):
            seeds[key].add(seed)
    runs = [PlannedRun(variant, seed) for variant in variants for seed in sorted(seeds[variant.key])]

    def begins(run: PlannedRun) -> int:
        return max([run.seed, *(seed for _, seed in teachers_of(run.variant, config))])

    return sorted(runs, key=begins)  # stable: the order of variants within each seed


def comparisons(config: Config) -> tuple[Comparison, ...]:
    """What is compared: each row of one's own with the plainest ones beside it, and as the paper does."""
    found: list[Comparison] = []
    rows = all_rows(config)
    for one in own_variants(config):
        if one.own is None:  # a teacher
            continue
        alone = Variant(one.setup, f"{one.own.interaction}_train", student=one.student).key
        found.append(Comparison(one.key, alone, "a recipe of one's own, or the labels alone"))
        name = one.own.interaction + ("_both" if len(one.teachers) > 1 else "")
        plain = Variant(one.setup, name, one.teachers, student=one.student).key
        if plain == one.key or plain not in rows:  # of two runs of one kind, the student of one
            plain = Variant(one.setup, one.own.interaction, one.teachers[:1], student=one.student).key
        if one.teachers and plain in rows and plain != one.key:
            found.append(Comparison(one.key, plain, "a recipe of one's own, or equation (1)"))
    found += COMPARISONS
    return tuple(compared for compared in found if {compared.first, compared.second} <= set(rows))
