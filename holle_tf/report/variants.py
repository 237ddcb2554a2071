"""The variants behind the paper's tables, their controls, and their comparisons, as data.

A variant is trained once for each seed. ``report.rows`` adds variants for one report (``rows.py``); a line in
``VARIANTS`` adds one to every report. ``paper.py`` has the published numbers under the same keys.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Optional

from holle_tf.catalogue import DEFAULT_STUDENT, MODELS, is_student, teachers, title_of
from holle_tf.config import Config
from holle_tf.distill.recipes import Recipe, recipe
from holle_tf.distill.terms import needs
from holle_tf.options.distill import (
    SCORES,
    all_folds,
    is_score_file,
    parse_fold,
    teacher_setup,
    teacher_title,
)
from holle_tf.training.distillation import student_alone, with_recipe
from pipelines.options import WINDOWS

WITHOUT = "without "  # in ``Variant.cost``, before the share of the training data that is left out


@dataclass(frozen=True)
class Variant:
    """A model on one kind of document.

    Attributes:
        setup: sd | ld.
        name: a recipe, or a teacher of the catalogue.
        teachers: kinds of its teachers; ``teacher_key`` says which variants those are. Files of scores are
            no variants.
        headline: whether the paper's claims rest on it, so that it gets more seeds.
        own: its recipe, for a row of ``report.rows``; otherwise the recipe is the package's of that name.
        student: the model that learns by the recipe; without meaning for a teacher.
        fold: the fold of the training data without which a teacher is trained, as 1/4; empty = none. Such a
            variant only teaches; it is no row.
    """

    setup: str
    name: str
    teachers: tuple[str, ...] = ()
    headline: bool = False
    own: Optional[Recipe] = None
    student: str = DEFAULT_STUDENT
    fold: str = ""

    @property
    def key(self) -> str:
        """As in ``paper.Published``, like ``ld/add/qanet``; for another student ``ld/NAME:add/qanet``.

        That of a teacher without a fold is like ``sd/qanet-without-1of4``.
        """
        name = self.name if self.student == DEFAULT_STUDENT else f"{self.student}:{self.name}"
        name += f"-without-{self.fold.replace('/', 'of')}" if self.fold else ""
        return "/".join(
            [self.setup, name, *(["+".join(map(teacher_title, self.teachers))] if self.teachers else [])]
        )

    @property
    def label(self) -> str:
        """Name of the model in the paper's style."""
        return label_of(self.key)

    @property
    def model(self) -> str:
        """Name of the model in the catalogue."""
        return self.name if self.name in teachers() else self.student

    @property
    def cost(self) -> tuple[str, ...]:
        """What decides the time of a step. Cached teacher scores cost nothing, an online teacher does."""
        if not is_student(self.model):
            left_out = [f"{WITHOUT}1/{parse_fold(self.fold).of}"] if self.fold else []
            return (self.setup, self.model, *left_out)
        chosen = self.recipe
        kind = (
            chosen.interaction if self.student == DEFAULT_STUDENT else f"{self.student}:{chosen.interaction}"
        )
        on_line = [name for name in chosen.terms if "reader" in needs([name])]
        if not on_line:
            return (self.setup, kind)
        options = (f"{name}={value}" for name, value in chosen.options)
        return (self.setup, kind, *on_line, *self.teachers, *options)

    @property
    def recipe(self) -> Recipe:
        """The recipe of a student."""
        return self.own or recipe(self.name)

    def seeds(self, config: Config) -> range:
        """The seeds of its runs."""
        options = config.report
        count = options.headline_seeds if self.headline else options.other_seeds
        return config.seeds(count)

    def config(self, base: Config, seed: int) -> Config:
        """The configuration of its run with this seed.

        The paper's students on the labels alone stay that way, whatever terms ``base`` adds.
        """
        config = replace(
            base, model=self.model, recipe="", teacher=",".join(self.teachers), seed=seed, fold=self.fold,
            data=replace(base.data, setup=self.setup),
        )  # fmt: skip
        if not is_student(self.model):
            return config
        config = with_recipe(replace(config, recipe=self.name), "")
        # A control is trained like the recipe that it controls, with the terms that ``base`` adds to that.
        stays = self.recipe.teachers or self.own or self.recipe.controls
        return config if stays else student_alone(config)


def _teacher_label(kind: str) -> str:
    """The title of a model, or the name of a file of scores without its endings."""
    return kind[len(SCORES) :].split(".")[0] if is_score_file(kind) else title_of(kind)


def label_of(key: str) -> str:
    """``ld/add_topk/qanet`` -> ``SAM-add-topk from QANeT``; ``sd/scores:mini.jsonl`` -> ``mini``."""
    _, name, *names = key.split("/")
    if name in MODELS or is_score_file(name):
        return _teacher_label(name)
    of = "".join(f" from {' + '.join(map(_teacher_label, each.split('+')))}" for each in names)
    student, _, recipe_name = name.rpartition(":")
    return f"{title_of(student or DEFAULT_STUDENT)}-{recipe_name.replace('_', '-')}{of}"


_B, _Q, _BQ = ("bidaf",), ("qanet",), ("bidaf", "qanet")

# In the order of training: those that the paper's claims rest on first.
VARIANTS = (
    Variant("sd", "mul_train", headline=True),
    Variant("sd", "add_train", headline=True),
    Variant("sd", "qanet"),
    Variant("sd", "add_topk", _Q, headline=True),
    Variant("sd", "add", _Q, headline=True),
    Variant("sd", "add_twice", headline=True),
    Variant("sd", "add_smoothed", _Q, headline=True),
    Variant("sd", "bidaf"),
    Variant("ld", "mul_train", headline=True),
    Variant("ld", "add_train", headline=True),
    Variant("ld", "add_topk", _Q, headline=True),
    Variant("ld", "add", _Q, headline=True),
    Variant("ld", "add_twice", headline=True),
    Variant("ld", "add_smoothed", _Q, headline=True),
    Variant("sd", "add_teach", _Q),
    Variant("sd", "add", _B),
    Variant("sd", "add_topk", _B),
    Variant("sd", "add_both", _BQ),
    Variant("sd", "add_ensemble", _BQ),
    Variant("sd", "mul", _Q),
    Variant("sd", "mul", _B),
    Variant("sd", "mul_twice"),
    Variant("sd", "add_shuffled", _Q),
    Variant("sd", "add_aug", _Q),
    Variant("sd", "add_grad", _Q),
    Variant("sd", "add_aug", _B),
    Variant("sd", "add_grad", _B),
    Variant("ld", "add", _B),
    Variant("ld", "add_topk", _B),
    Variant("ld", "add_both", _BQ),
    Variant("ld", "add_ensemble", _BQ),
    Variant("ld", "mul", _Q),
    Variant("ld", "mul", _B),
    Variant("ld", "mul_twice"),
    Variant("ld", "add_shuffled", _Q),
    Variant("ld", "add_aug", _Q),
    Variant("ld", "add_aug", _B),
)

# Rows of the teachers on long documents, which are read from the runs of ``teacher_key``.
READINGS = ("ld/bidaf", "ld/qanet")

ROWS = (*(variant.key for variant in VARIANTS), *READINGS)


def teacher_variants() -> tuple[Variant, ...]:
    """Every teacher of the catalogue on every setup that ``VARIANTS`` does not have.

    A report trains only those that it needs. Students of long documents learn from the teachers that
    ``distill.long_teacher`` names, all others from teachers of short documents.
    """
    listed = {variant.key for variant in VARIANTS}
    each = (Variant(setup, kind) for setup in (WINDOWS, "ld", "sd") for kind in teachers())
    return tuple(variant for variant in each if variant.key not in listed)


def fold_variants(student: Variant, config: Config) -> list[Variant]:
    """The teachers without a fold from which a student learns, kind by kind; none if there are no folds."""
    folds = student.config(config, config.seed).distill.folds if student.teachers else 1
    if folds == 1:
        return []
    setup = teacher_setup(student.setup, config.distill.long_teacher)
    return [Variant(setup, kind, fold=fold) for kind in student.teachers for fold in all_folds(folds)]


def is_reading(row: str) -> bool:
    """Whether a row is that of a teacher on long documents, which may read them in chunks."""
    setup, *names = row.split("/")
    return setup == "ld" and len(names) == 1 and names[0] in teachers()


def teacher_key(setup: str, kind: str, config: Config) -> str:
    """Key of the variant that teaches students of ``setup``."""
    return f"{teacher_setup(setup, config.distill.long_teacher)}/{kind}"


def source_of(row: str, config: Config) -> str:
    """Key of the variant that a row of the report is read from."""
    return teacher_key("ld", row.split("/")[1], config) if is_reading(row) else row


class Comparison(NamedTuple):
    """Two rows, and the question that their difference answers.

    It is controlled if the second row is that of a control recipe, which takes the teacher's part away.
    """

    first: str
    second: str
    question: str


TWICE = "does the teacher add more than labels that count twice?"
_SMOOTHED = "does the teacher add more than labels smoothed to its entropy?"
_SHUFFLED = "do the teacher's scores of another example hurt, as they must?"
BEHIND = "how far the student is behind its teacher"
COMPARISONS = (
    Comparison("ld/add_topk/qanet", "ld/add_twice", TWICE),
    Comparison("ld/add/qanet", "ld/add_twice", TWICE),
    Comparison("ld/mul/qanet", "ld/mul_twice", TWICE),
    Comparison("ld/add_topk/bidaf", "ld/add_twice", TWICE),
    Comparison("ld/add/bidaf", "ld/add_twice", TWICE),
    Comparison("ld/mul/bidaf", "ld/mul_twice", TWICE),
    Comparison("ld/add_aug/qanet", "ld/add_twice", TWICE),
    Comparison("ld/add_aug/bidaf", "ld/add_twice", TWICE),
    Comparison("ld/add_ensemble/bidaf+qanet", "ld/add_twice", TWICE),
    Comparison("ld/add_topk/qanet", "ld/add_smoothed/qanet", _SMOOTHED),
    Comparison("ld/add/qanet", "ld/add_smoothed/qanet", _SMOOTHED),
    Comparison("ld/add_shuffled/qanet", "ld/add_train", _SHUFFLED),
    Comparison(
        "ld/add_topk/qanet", "ld/mul_train", "the paper's claim: distillation and interaction together"
    ),
    Comparison("ld/add_topk/qanet", "ld/add_train", "distillation alone, top k"),
    Comparison("ld/add/qanet", "ld/add_train", "distillation alone, equation (1)"),
    Comparison("ld/add_topk/qanet", "ld/add/qanet", "top k or all positions"),
    Comparison("ld/mul/qanet", "ld/mul_train", "distillation alone, multiplicative"),
    Comparison("ld/add_topk/bidaf", "ld/add_train", "distillation alone from BiDAF, top k"),
    Comparison("ld/add/bidaf", "ld/add_train", "distillation alone from BiDAF, equation (1)"),
    Comparison("ld/mul/bidaf", "ld/mul_train", "distillation alone from BiDAF, multiplicative"),
    Comparison("ld/add_train", "ld/mul_train", "additive or multiplicative interaction"),
    Comparison("ld/add/qanet", "ld/add/bidaf", "QANeT or BiDAF as the teacher"),
    Comparison("ld/add_aug/qanet", "ld/add/qanet", "hallucinated examples"),
    Comparison("ld/add_both/bidaf+qanet", "ld/add/qanet", "a second teacher"),
    Comparison("ld/add_ensemble/bidaf+qanet", "ld/add/qanet", "an ensemble as the teacher"),
    Comparison("ld/qanet", "ld/add_topk/qanet", BEHIND),
    Comparison("ld/bidaf", "ld/add_topk/bidaf", BEHIND),
    Comparison("sd/add_topk/qanet", "sd/add_twice", TWICE),
    Comparison("sd/add/qanet", "sd/add_twice", TWICE),
    Comparison("sd/mul/qanet", "sd/mul_twice", TWICE),
    Comparison("sd/add_topk/bidaf", "sd/add_twice", TWICE),
    Comparison("sd/add/bidaf", "sd/add_twice", TWICE),
    Comparison("sd/mul/bidaf", "sd/mul_twice", TWICE),
    Comparison("sd/add_aug/qanet", "sd/add_twice", TWICE),
    Comparison("sd/add_aug/bidaf", "sd/add_twice", TWICE),
    Comparison("sd/add_grad/qanet", "sd/add_twice", TWICE),
    Comparison("sd/add_grad/bidaf", "sd/add_twice", TWICE),
    Comparison("sd/add_ensemble/bidaf+qanet", "sd/add_twice", TWICE),
    Comparison("sd/add_topk/qanet", "sd/add_smoothed/qanet", _SMOOTHED),
    Comparison("sd/add/qanet", "sd/add_smoothed/qanet", _SMOOTHED),
    Comparison("sd/add_shuffled/qanet", "sd/add_train", _SHUFFLED),
    Comparison("sd/add_topk/qanet", "sd/mul_train", "distillation and interaction together"),
    Comparison("sd/add_topk/qanet", "sd/add_train", "distillation alone, top k"),
    Comparison("sd/add/qanet", "sd/add_train", "distillation alone, equation (1)"),
    Comparison("sd/add_topk/qanet", "sd/add/qanet", "top k or all positions"),
    Comparison("sd/mul/qanet", "sd/mul_train", "distillation alone, multiplicative"),
    Comparison("sd/add_topk/bidaf", "sd/add_train", "distillation alone from BiDAF, top k"),
    Comparison("sd/add/bidaf", "sd/add_train", "distillation alone from BiDAF, equation (1)"),
    Comparison("sd/mul/bidaf", "sd/mul_train", "distillation alone from BiDAF, multiplicative"),
    Comparison("sd/add_train", "sd/mul_train", "additive or multiplicative interaction"),
    Comparison("sd/add_teach/qanet", "sd/add/qanet", "without the labels"),
    Comparison("sd/add/qanet", "sd/add/bidaf", "QANeT or BiDAF as the teacher"),
    Comparison("sd/add_aug/qanet", "sd/add/qanet", "hallucinated examples"),
    Comparison("sd/add_grad/qanet", "sd/add/qanet", "gradients of the input"),
    Comparison("sd/add_both/bidaf+qanet", "sd/add/qanet", "a second teacher"),
    Comparison("sd/add_ensemble/bidaf+qanet", "sd/add/qanet", "an ensemble as the teacher"),
    Comparison("sd/qanet", "sd/add_topk/qanet", BEHIND),
    Comparison("sd/bidaf", "sd/add_topk/bidaf", BEHIND),
)
