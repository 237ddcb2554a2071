"""``--mode=recipes``: the objectives that a student can have."""

from __future__ import annotations

from rich.table import Table

from holle_tf.config import Config
from holle_tf.distill.recipes import all_recipes
from holle_tf.drawing.terminal_table import print_table
from holle_tf.runs.identity import check_switched_on


def recipes_mode(config: Config) -> None:
    """Print every recipe, including those of the configuration, with its terms and a sentence.

    Raises:
        UserError: a recipe of the configuration has a term whose weight is zero.
    """
    table = Table(box=None, pad_edge=False)
    for header in ("recipe", "terms", "teachers", "the student learns from"):
        table.add_column(header, no_wrap=header != "the student learns from")
    for recipe in all_recipes(config.recipes).values():
        check_switched_on(recipe.name, recipe.terms, recipe.over(config.distill))
        teachers = ("none", "one", "two or more")[recipe.teachers]
        options = ", ".join(f"{name}: {value}" for name, value in recipe.options)
        summary = f"{recipe.summary} ({options})" if recipe.options else recipe.summary
        table.add_row(recipe.name, " + ".join(recipe.terms), teachers, summary)
    print_table(table, "recipes of a student", whole=True)
