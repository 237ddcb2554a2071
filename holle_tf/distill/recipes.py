"""Recipes as data: the terms of the paper's variants (sections 4.2 and 5.2), and of their controls."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import Any, Mapping

from holle_tf.distill.terms import TERMS, want_teachers
from holle_tf.options.distill import INTERACTIONS, DistillConfig, RecipeConfig
from pipelines.errors import UserError


@dataclass(frozen=True)
class Recipe:
    """A named objective.

    Attributes:
        name: as ``--recipe`` takes it.
        interaction: add | mul, of the student.
        terms: names among ``terms.TERMS``.
        teachers: how many teachers it needs; 2 = two or more.
        summary: what the student learns from, for the list of recipes.
        options: (name, value) of the options of ``DistillConfig`` that it sets.
        controls: the recipe of the paper that it is the control of; empty for all others.
        runs_as: a recipe that makes the same runs with the same options, whose name these runs have; empty
            for its own.
    """

    name: str
    interaction: str
    terms: tuple[str, ...]
    teachers: int
    summary: str
    options: tuple[tuple[str, Any], ...] = ()
    controls: str = ""
    runs_as: str = ""

    def over(self, options: DistillConfig) -> DistillConfig:
        """``options``, with those that the recipe sets."""
        return replace(options, **dict(self.options))


# Suffix, terms, teachers, what the student learns from.
_VARIANTS = (
    ("_train", ("labels",), 0, "the labels alone"),
    ("_teach", ("teacher",), 1, "the teacher alone"),
    ("", ("labels", "teacher"), 1, "labels and teacher, equation (1)"),
    ("_topk", ("labels", "topk"), 1, "labels and the teacher's k best positions, equation (2)"),
    ("_aug", ("labels", "teacher", "hallucinated"), 1, "equation (1), and the teacher on reordered texts"),
    ("_grad", ("labels", "teacher", "gradient"), 1, "equation (1), and the teacher's input gradients"),
    ("_both", ("labels", "teacher"), 2, "labels and every one of several teachers"),
    ("_ensemble", ("labels", "ensemble"), 2, "labels and the mean probabilities of several teachers"),
)
RECIPES = {
    f"{kind}{suffix}": Recipe(f"{kind}{suffix}", kind, terms, teachers, summary)
    for kind in INTERACTIONS
    for suffix, terms, teachers, summary in _VARIANTS
}

# Controls of equation (1), not in the paper. A student that gains no more than its control has learned
# nothing from its teacher that the control lacks. If the teacher's scores are nearly one-hot, equation (1) is
# ``_twice``.
CONTROLS = {
    control.name: control
    for kind in INTERACTIONS
    for control in (
        Recipe(
            f"{kind}_twice", kind, ("labels",), 0, "the labels alone, counted twice",
            (("labels_weight", 2.0),), controls=kind, runs_as=f"{kind}_train",
        ),
        Recipe(
            f"{kind}_smoothed", kind, ("labels", "smoothed"), 1,
            "labels, and labels smoothed to the teacher's entropy", controls=kind,
        ),
        Recipe(
            f"{kind}_shuffled", kind, ("labels", "shuffled"), 1,
            "labels, and the teacher's scores of another example", controls=kind,
        ),
    )
}  # fmt: skip
SHIPPED = {**RECIPES, **CONTROLS}

NO_RECIPES: Mapping[str, RecipeConfig] = {}


def all_recipes(own: Mapping[str, RecipeConfig] = NO_RECIPES) -> dict[str, Recipe]:
    """The paper's recipes, the controls and the ``own`` ones of a configuration, by name.

    Raises:
        UserError: one of ``own`` is wrong.
    """
    return {**SHIPPED, **{name: _own_recipe(name, given, own) for name, given in own.items()}}


def recipe(name: str, own: Mapping[str, RecipeConfig] = NO_RECIPES) -> Recipe:
    """The recipe called ``name``, one of the paper's, a control or one of ``own``.

    Raises:
        UserError: there is none (the message names the nearest), or one of ``own`` is wrong.
    """
    known = all_recipes(own)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
        raise UserError(
            f"no recipe is called {name!r}; did you mean {near[0]!r}? There are: {', '.join(known)};"
            " a recipe of your own needs the --config that defines it."
        )
    return known[name]


def _own_recipe(name: str, given: RecipeConfig, own: Mapping[str, RecipeConfig]) -> Recipe:
    where = f"recipes.{name}"
    if name in SHIPPED:
        raise UserError(f"{where}: not a new name, but a recipe of this package; choose another.")
    if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise UserError(f"{where}: not a name of letters, digits and _; choose another.")
    if given.interaction not in INTERACTIONS:
        raise UserError(f"{where}.interaction={given.interaction}: not among the choices (add, mul).")
    if not given.terms:
        near = difflib.get_close_matches(name, [other for other in own if other != name], n=1)
        hint = f", or did you mean recipes.{near[0]}?" if near else "."
        raise UserError(f"{where}.terms: empty; name some of {', '.join(TERMS)}{hint}")
    for term in given.terms:
        if term not in TERMS:
            near = difflib.get_close_matches(term, TERMS, n=1, cutoff=0.0)
            raise UserError(f"{where}.terms: no term is called {term!r}; did you mean {near[0]!r}?")
    least = int(want_teachers(given.terms))
    if given.teachers not in (0, 2) and given.teachers != least or given.teachers and not least:
        raise UserError(f"{where}.teachers={given.teachers}: 2 means two or more; leave it out for {least}.")
    terms = tuple(dict.fromkeys(given.terms))
    known = list(dict.fromkeys(option for term in terms for option in TERMS[term].options))
    known += ["folds"] if least else []
    for option in given.options:
        if option not in known:
            raise UserError(
                f"{where}.options: none of its terms has an option {option!r}; they have {', '.join(known)}."
                " Set other options by --set distill.NAME=VALUE."
            )
    summary = given.summary or " + ".join(terms)
    options = tuple(sorted(given.options.items()))
    return Recipe(name, given.interaction, terms, given.teachers or least, summary, options)
