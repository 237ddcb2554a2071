"""The rows of a report (the paper's, and those of ``report.rows``) and the runs that they need."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple, Optional, Sequence

from holle_tf.catalogue import DEFAULT_STUDENT, is_student, teachers
from holle_tf.config import Config
from holle_tf.distill.recipes import recipe
from holle_tf.options.distill import SCORES, is_score_file, number_repeats, teacher_title
from holle_tf.report.tables import SETUPS
from holle_tf.report.variants import (
    BEHIND,
    COMPARISONS,
    ROWS,
    VARIANTS,
    Comparison,
    Variant,
    fold_variants,
    source_of,
    teacher_key,
    teacher_variants,
)  # fmt: skip
from holle_tf.runs.identity import distill_options
from pipelines.errors import UserError

OWN_TWICE = "your recipe or labels that count twice"  # asked of rows of report.rows


class Setting(NamedTuple):
    """Options of training that ``report.tuned`` chooses for each row of a student."""

    learning_rate: float
    l2: float

    @property
    def name(self) -> str:
        """For people, for example ``rate 0.003, L2 1e-05``."""
        return f"rate {self.learning_rate}, L2 {self.l2}"


class PlannedRun(NamedTuple):
    """A planned training.

    Attributes:
        setting: None = that of the configuration. With ``report.tuned``, None is for a student the setting
            that the search of its row chooses, see ``Runs.settled``.
    """

    variant: Variant
    seed: int
    setting: Optional[Setting] = None

    @property
    def name(self) -> str:
        """For people, for example ``sd/add_topk/qanet, seed 0`` or ``... seed 0, rate 0.003, L2 1e-05``."""
        tried = f", {self.setting.name}" if self.setting else ""
        return f"{self.variant.key}, seed {self.seed}{tried}"

    def config(self, base: Config) -> Config:
        """The configuration of the run."""
        config = self.variant.config(base, self.seed)
        if self.setting is None:
            return config
        training = replace(config.training_of(config.model), **self.setting._asdict())
        return replace(config, training=replace(config.training, **{config.model: training}))


def is_tuned(variant: Variant, config: Config) -> bool:
    """Whether a search chooses the setting of a variant. Teachers have that of the configuration."""
    return config.report.tuned and is_student(variant.model)


def search_of(variant: Variant, config: Config) -> list[PlannedRun]:
    """The runs of the search of a row: each setting with each seed, the same for every row."""
    options = config.report
    settings = dict.fromkeys(Setting(rate, l2) for rate in options.tuned_rates for l2 in options.tuned_l2)
    return [
        PlannedRun(variant, seed, setting)
        for seed in config.seeds(options.tuned_seeds)
        for setting in settings
    ]


def all_variants(config: Config) -> tuple[Variant, ...]:
    """Everything that a report may train, teachers before their students.

    Raises:
        UserError: see ``own_variants``.
    """
    own = [variant for variant in own_variants(config) if variant.name not in teachers()]
    folds = dict.fromkeys(
        teacher for student in (*VARIANTS, *own) for teacher in fold_variants(student, config)
    )
    return (*teacher_variants(), *folds, *VARIANTS, *own)


def all_rows(config: Config) -> tuple[str, ...]:
    """Keys of all rows: the paper's, then those of ``report.rows``.

    Raises:
        UserError: see ``own_variants``.
    """
    return (*ROWS, *(variant.key for variant in own_variants(config)))


def own_variants(config: Config) -> tuple[Variant, ...]:
    """The variants of ``report.rows``: students with a recipe of the package or of ``recipes``, and teachers.

    A recipe gets as many seeds as the variants that the paper's claims rest on.

    Raises:
        UserError: an entry is not of the form ``sd/add_topk/qanet``, its recipe needs other teachers or
            cannot be trained (``distill_options``), or the report has the row anyway.
    """
    own = tuple(dict.fromkeys(_own_variant(text, config) for text in config.report.rows))
    keys = [variant.key for variant in own]
    if len(set(keys)) < len(keys):  # of files with one name in two folders
        raise UserError(
            f"report.rows: two rows are called {max(keys, key=keys.count)}; rename a file of scores."
        )
    return own


def _own_variant(text: str, config: Config) -> Variant:
    where = f"report.rows: {text!r}"
    setup, *rest = text.split("/", 2)
    if setup not in SETUPS or len(rest) not in (1, 2):
        raise UserError(f"{where}: a row is written like sd/add_topk/qanet or ld/add_both/bidaf+qanet.")
    name, kinds = rest[0], tuple(sorted(rest[1].split("+"))) if rest[1:] else ()
    if name in teachers() and not kinds:
        return _not_of_the_paper(Variant(setup, name), where)
    student, _, name = name.rpartition(":")
    student = student or DEFAULT_STUDENT
    try:
        if not is_student(student):
            raise UserError(f"{student} is a teacher; its row is {setup}/{student}.")
        chosen = recipe(name, config.recipes)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    if not all(kind in teachers() or is_score_file(kind) for kind in kinds):
        known = ", ".join(teachers())
        raise UserError(f"{where}: teachers are {known} and {SCORES}FILE, several with a + between them.")
    if min(len(kinds), 2) != chosen.teachers:
        wanted = ("no teacher", "one teacher", "two teachers")[chosen.teachers]
        last = ("", "/qanet", "/bidaf+qanet")[chosen.teachers]
        raise UserError(f"{where}: the recipe {name} has {wanted}; write {setup}/{name}{last}.")
    variant = Variant(setup, name, kinds, headline=True, own=chosen, student=student)
    _not_of_the_paper(variant, where)
    try:
        distill_options(variant.config(config, config.seed))
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    return variant


def _not_of_the_paper(variant: Variant, where: str) -> Variant:
    """The variant, unless the paper has the row, which is a ``UserError``."""
    if variant.key in ROWS:
        raise UserError(f"{where}: the report has this row anyway; remove it here.")
    return variant


def score_file_keys(setup: str, kinds: Sequence[str]) -> list[str]:
    """Keys of the rows of the files of scores among some teachers, such as ``sd/scores:mini.jsonl.gz``."""
    return [f"{setup}/{teacher_title(kind)}" for kind in kinds if is_score_file(kind)]


def chosen_rows(config: Config) -> list[str]:
    """Keys of the rows that match a pattern of ``report.only``; all rows if there are no patterns.

    Raises:
        UserError: a pattern matches no row, or see ``own_variants``.
    """
    patterns, rows = config.report.only, all_rows(config)
    for pattern in patterns:
        if not any(fnmatchcase(key, pattern) for key in rows):
            raise UserError(f"report.only: no row matches {pattern!r}; the rows are {', '.join(rows)}.")
    return [key for key in rows if not patterns or any(fnmatchcase(key, pattern) for pattern in patterns)]


def teachers_of(variant: Variant, config: Config) -> list[tuple[str, int]]:
    """Key and seed of each run that a variant learns from; files of scores are not among them.

    Students of all seeds have the same teachers: those of the first seed. The second teacher of a kind has
    the seed after it. With ``distill.folds``, the runs without a fold stand in the place of each teacher.
    """
    kinds = [kind for kind in variant.teachers if not is_score_file(kind)]
    if of_folds := fold_variants(variant, config):
        folds = len(of_folds) // len(variant.teachers)
        places = [place for _, place in number_repeats(variant.teachers)]
        return [(part.key, config.seeds(places[i // folds] + 1)[-1]) for i, part in enumerate(of_folds)]
    return [
        (teacher_key(variant.setup, kind, config), config.seeds(place + 1)[-1])
        for kind, place in number_repeats(kinds)
    ]


def planned_runs(config: Config) -> list[PlannedRun]:
    """Every run in the order of training: all variants with the first seed, then the further seeds.

    The first seeds of a tuned variant stand there with each setting (``search_of``).

    Of the rows that ``report.only`` leaves out, only the runs are planned that teach a chosen row
    (``teachers_of``).

    Raises:
        UserError: see ``chosen_rows``.
    """
    variants = all_variants(config)
    sources = {source_of(key, config) for key in chosen_rows(config)}
    chosen = [variant for variant in variants if variant.key in sources]
    seeds = {
        variant.key: set(variant.seeds(config) if variant.key in sources else ()) for variant in variants
    }
    for variant in chosen:
        for key, seed in teachers_of(variant, config):
            seeds[key].add(seed)

    def of(variant: Variant) -> list[PlannedRun]:
        if not seeds[variant.key]:
            return []
        searched = search_of(variant, config) if is_tuned(variant, config) else []
        further = sorted(seeds[variant.key] - {run.seed for run in searched})
        return searched + [PlannedRun(variant, seed) for seed in further]

    runs = [run for variant in variants for run in of(variant)]

    def latest_seed(run: PlannedRun) -> int:
        return max([run.seed, *(seed for _, seed in teachers_of(run.variant, config))])

    return sorted(runs, key=latest_seed)  # stable, so variants keep their order within each seed


def comparisons(config: Config) -> tuple[Comparison, ...]:
    """The comparisons of the report: each row of ``report.rows`` with the plainest ones, then the paper's."""
    found: list[Comparison] = []
    rows = list(all_rows(config))
    own = [variant.key for variant in own_variants(config)]
    chosen = chosen_rows(config)
    for variant in own_variants(config):
        if variant.own is None:  # a teacher
            continue
        setup, interaction, student = variant.setup, variant.own.interaction, variant.student
        alone = Variant(setup, f"{interaction}_train", student=student).key
        if alone != variant.key:
            found.append(Comparison(variant.key, alone, "your recipe or the labels alone"))
        name = interaction + ("_both" if len(variant.teachers) > 1 else "")
        plain = Variant(setup, name, variant.teachers, student=student).key
        if plain == variant.key or plain not in rows:  # two teachers of the same kind: the student of one
            plain = Variant(setup, interaction, variant.teachers[:1], student=student).key
        if variant.teachers and plain in rows and plain != variant.key:
            found.append(Comparison(variant.key, plain, "your recipe or equation (1)"))
        twice = Variant(setup, f"{interaction}_twice", student=student).key
        one_term = len(variant.teachers) == 1 or "ensemble" in variant.own.terms
        if variant.teachers and one_term and twice in rows:
            found.append(Comparison(variant.key, twice, OWN_TWICE))
        smoothed = Variant(setup, f"{interaction}_smoothed", variant.teachers, student=student).key
        if smoothed in own and smoothed != variant.key:
            found.append(Comparison(variant.key, smoothed, "your recipe or labels smoothed to its entropy"))
        if len(variant.teachers) == 1 and variant.key in chosen:
            for key in score_file_keys(setup, variant.teachers):
                found.append(Comparison(key, variant.key, BEHIND))
                rows.append(key)
    found += COMPARISONS
    return tuple(pair for pair in found if {pair.first, pair.second} <= set(rows))
