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
    for one in all_recipes(config.recipes).values():
        check_switched_on(one.name, one.terms, one.over(config.distill))
        teachers = ("none", "one", "two or more")[one.teachers]
        own = f" ({', '.join(f'{name}: {value}' for name, value in one.options)})" if one.options else ""
        table.add_row(one.name, " + ".join(one.terms), teachers, one.summary + own)
    print_table(table, "recipes of a student", whole=True)
