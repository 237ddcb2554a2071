"""Tables of scores, also of runs that were scored before a score existed."""

import csv
import io

import numpy as np
import pytest

from holle_tf.evaluate.scores import SCORES, Score
from holle_tf.report.outcomes import Outcome, Row
from holle_tf.report.report_files import scores_csv
from holle_tf.report.tables import f1_tables, references_table, scores_table
from holle_tf.report.variants import ROWS

KEY = "sd/add_train"
OLD = {"f1": 40.0, "em": 20.0, "bleu4": 10.0, "rouge1": 41.0, "rouge2": 30.0, "rougeL": 39.0}


@pytest.fixture(autouse=True)
def later(monkeypatch):
    """A score that came after some of the runs."""
    score = Score("later", "Later", "later", "a constant", of_all=lambda *_: 5.0)
    monkeypatch.setitem(SCORES, "later", score)


def _rows(*scores, multi=None):
    outcomes = [
        Outcome(KEY, seed, "", "run", values, np.array([1.0, 2.0]), np.zeros(2), {}, {}, multi, {}, [])
        for seed, values in enumerate(scores)
    ]
    return {KEY: Row(KEY, outcomes, len(scores), "", 200)}


def _shown(table, row):
    return {column: cell.text for column, cell in zip(table.columns, table.rows[row])}


def test_a_score_that_a_run_or_baseline_lacks_is_shown_as_missing():
    baselines = [{"name": "random span", **OLD}, {"name": "first sentence", **OLD, "later": 5.0}]
    table = scores_table("sd", _rows(OLD), baselines)
    assert list(table.columns) == ["", "F1", "EM", "BLEU-4", "ROUGE-1", "ROUGE-2", "ROUGE-L", "Later"]
    assert [_shown(table, row)["Later"] for row in range(3)] == ["-", "5.0", "-"]
    assert [_shown(table, row)["BLEU-4"] for row in range(3)] == ["10.0"] * 3
    assert "A - marks a run that was scored before that score existed." in table.caption


def test_the_mean_over_seeds_needs_the_score_of_every_seed():
    new = {**OLD, "later": 5.0}
    for scores, shown in (((new, OLD), "-"), ((OLD, new), "-"), ((new, new), "5.0")):
        table = scores_table("sd", _rows(*scores), [])
        assert _shown(table, 0)["Later"] == shown
        assert ("A - marks" in table.caption) == (shown == "-")


def test_scores_with_further_references_may_be_missing_too():
    multi = {"examples": 2, "without": 0, "unknown": 0, "single": OLD, "multi": {**OLD, "later": 6.0}}
    table = references_table("sd", _rows(OLD, multi=multi))
    assert [cell.text for cell in table.rows[0]][-2:] == ["-", "6.0"]
    assert [title for title, _ in table.groups] == ["", *(score.title for score in SCORES.values())]


def test_controls_stand_below_the_recipes_that_they_control_without_a_number_of_the_paper():
    rows = {key: Row(key, [], 1, "not run yet", 200) for key in ROWS}
    rows["sd/add_twice"] = Row("sd/add_twice", _rows(OLD)[KEY].outcomes, 1, "", 200)
    own, students, short = f1_tables(rows, "chunks")
    assert "control" not in " ".join([own.caption, *(cells[0].note for cells in own.rows)]).lower()
    for table in (students, short):
        labels = [cells[0].text for cells in table.rows]
        place = labels.index("SAM-add")
        added = ["SAM-add-twice", "SAM-add-smoothed", "SAM-add-shuffled"]
        assert labels[place : place + 4] == ["SAM-add", *added]
        assert labels[labels.index("SAM-mul") + 1] == "SAM-mul-twice" and "SAM-mul-smoothed" not in labels
        assert {len(cells) for cells in table.rows} == {5}
    twice, smoothed = (
        {cells[0].text: cells for cells in short.rows}[name] for name in ("SAM-add-twice", "SAM-add-smoothed")
    )
    assert [cell.text for cell in twice] == ["SAM-add-twice", "1.5", "-", "1.5", "-"]
    assert [cell.text for cell in smoothed[1:]] == ["", "", "not run yet", "-"]
    assert twice[0].note == "control" and "Controls have no number in the paper" in short.caption


def test_the_csv_has_a_column_for_every_score_of_the_table():
    (line,) = csv.DictReader(io.StringIO(scores_csv(_rows(OLD))))
    assert set(SCORES) <= set(line)
    assert line["f1"] == "40.0" and line["later"] == ""
