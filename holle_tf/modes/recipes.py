"""``--mode=recipes``: the objectives that a student can have."""

from __future__ import annotations

from typing import Iterable

from rich.table import Table

from holle_tf.config import Config
from holle_tf.distill.recipes import CONTROLS, RECIPES, SHIPPED, Recipe, all_recipes
from holle_tf.drawing.terminal_table import print_table
from holle_tf.runs.identity import check_switched_on


def recipes_mode(config: Config) -> None:
    """Print every recipe, including those of the configuration, with its terms and a sentence.

    Raises:
        UserError: a recipe of the configuration has a term whose weight is zero.
    """
    found = all_recipes(config.recipes)
    own = {name: recipe for name, recipe in found.items() if name not in SHIPPED}
    groups = (
        (RECIPES, "recipes of a student, from the paper"),
        (CONTROLS, "controls, not in the paper: equation (1) without what the teacher knows"),
        (own, "recipes of your own"),
    )
    for recipe in found.values():
        check_switched_on(recipe.name, recipe.terms, recipe.over(config.distill))
    for recipes, title in groups:
        if recipes:
            print_table(_table(recipes.values()), title, whole=True)


def _table(recipes: Iterable[Recipe]) -> Table:
    table = Table(box=None, pad_edge=False)
    for header in ("recipe", "terms", "teachers", "the student learns from"):
        table.add_column(header, no_wrap=header != "the student learns from")
    for recipe in recipes:
        teachers = ("none", "one", "two or more")[recipe.teachers]
        options = ", ".join(f"{name}: {value}" for name, value in recipe.options)
        summary = f"{recipe.summary} ({options})" if recipe.options else recipe.summary
        table.add_row(recipe.name, " + ".join(recipe.terms), teachers, summary)
    return table
