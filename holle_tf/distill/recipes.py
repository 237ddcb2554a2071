"""The variants of the paper's sections 4.2 and 5.2 as data: which terms a student is trained with."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from pipelines.errors import UserError


@dataclass(frozen=True)
class Recipe:
    """A named objective.

    Attributes:
        name: as ``--recipe`` takes it.
        interaction: add | mul, of the student.
        terms: names among ``terms.TERMS``.
        teachers: how many teachers it needs; 2 = two or more.
        summary: one sentence for the list of recipes.
    """

    name: str
    interaction: str
    terms: tuple[str, ...]
    teachers: int
    summary: str


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
_KINDS = {"add": "additive", "mul": "multiplicative"}

RECIPES = {
    f"{kind}{suffix}": Recipe(
        f"{kind}{suffix}", kind, terms, teachers, f"SAM with {word} interactions: {what}"
    )
    for kind, word in _KINDS.items()
    for suffix, terms, teachers, what in _VARIANTS
}


def recipe(name: str) -> Recipe:
    """The recipe called ``name``.

    Raises:
        UserError: there is none; the nearest name is given.
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1, cutoff=0.0)
        raise UserError(
            f"no recipe is called {name!r}; did you mean {near[0]!r}? There are: {', '.join(RECIPES)}."
        )
    return RECIPES[name]
