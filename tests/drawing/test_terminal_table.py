from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from holle_tf.drawing.terminal_table import print_table, scores_table
from holle_tf.evaluate.scores import SCORES as TABLE
from holle_tf.evaluate.scores import Score

SCORES = {"f1": 41.3, "em": 20.0, "bleu4": 12.345, "rouge1": 44.0, "rouge2": 30.0, "rougeL": 43.0}
ROWS = [
    {"name": "random_span", **{key: value / 10 for key, value in SCORES.items()}},
    {"name": "sam-add distilled from qanet", **SCORES, "parameters": 236_801, "seconds_per_epoch": 123.4},
    {"name": "qanet [1]", **SCORES, "f1": 100.0, "parameters": 1_295_553, "seconds_per_epoch": 1132.0},
]


def printed(rows, **kwargs):
    stream = io.StringIO()
    print_table(scores_table(rows), file=stream, **kwargs)
    return stream.getvalue()


def test_piped_table_has_all_values_and_fits_80_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = printed(ROWS, title="test split [SD]")
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert text.splitlines()[0] == "test split [SD]"
    line = next(line for line in text.splitlines() if line.strip().startswith("qanet"))
    assert line.split() == "qanet [1] 100.00 20.00 12.35 44.00 30.00 43.00 1.30M 1132".split()
    line = next(line for line in text.splitlines() if line.strip().startswith("random_span"))
    assert line.split() == "random_span 4.13 2.00 1.23 4.40 3.00 4.30 - -".split()


def test_optional_columns_appear_only_with_values():
    text = printed([{"name": "first_sentence", **SCORES}])
    assert "F1" in text and "BLEU-4" in text
    assert "params" not in text and "s/epoch" not in text
    assert printed([{"name": "unfinished", "f1": None}]).split()[-7:] == ["unfinished"] + ["-"] * 6


def test_best_value_of_a_column_is_bold_on_a_terminal():
    stream = io.StringIO()
    Console(file=stream, force_terminal=True, color_system="standard", width=100, no_color=False).print(
        scores_table(ROWS)
    )
    assert "\x1b[1m100.00\x1b[0m" in stream.getvalue()
    assert "\x1b[1m41.30" not in stream.getvalue()


def test_of_a_score_that_should_be_low_the_smallest_value_is_bold(monkeypatch):
    low = Score("wer", "Error", "WER", "words", of_all=lambda *_: 0.0, higher_is_better=False)
    monkeypatch.setitem(TABLE, "wer", low)
    rows = [{"name": "a", **SCORES, "wer": 7.5}, {"name": "b", **SCORES, "wer": 3.25}, ROWS[0]]
    stream = io.StringIO()
    Console(file=stream, force_terminal=True, color_system="standard", width=100, no_color=False).print(
        scores_table(rows)
    )
    assert "WER" in stream.getvalue()
    assert "\x1b[1m3.25\x1b[0m" in stream.getvalue() and "\x1b[1m7.50" not in stream.getvalue()
    # A row of before there was the score does not have it.
    assert printed(rows).splitlines()[-2].split()[-1] == "-"


def test_a_piped_table_that_is_wanted_whole_is_as_wide_as_it_needs(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    table = Table()
    table.add_column("known from")
    table.add_row("word " * 50)
    stream = io.StringIO()
    print_table(table, file=stream, whole=True)
    assert ("word " * 50).strip() in stream.getvalue()
