"""``--mode=options``: every option with its default, its values and its meaning."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from holle_tf.config import Config
from holle_tf.drawing.terminal_table import print_table
from pipelines.option import allowed_of, options_of, text_of


def options_mode(config: Config) -> None:
    """Print every option of ``config``, those of plugins included."""
    table = Table(box=None, pad_edge=False)
    for header in ("option", "value", "allowed", "meaning"):
        table.add_column(header, no_wrap=header == "option")
    for key, described, value in options_of(config):
        if key != "recipes":
            table.add_row(
                key, escape(str(value)), escape(allowed_of(described).described()), text_of(described)
            )
    print_table(table, "options, for --set and configuration files", whole=True)
