"""Outcomes in a file: they are read as they were written, and a broken file is an error."""

import json
from dataclasses import replace

import numpy as np
import pytest

from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.report.outcomes import Outcome, Row, kept_from, read_outcomes, write_outcomes
from pipelines.errors import UserError

MADE = {"date": "2026-01-02 03:04 UTC", "machine": {"cpu": "a CPU", "cores": 2}}
OUTCOME = Outcome(
    row="sd/add_train",
    seed=1,
    digest="abc",
    run="sam-add-train-seed1-abc",
    scores={"f1": 100 / 3, "em": 50.0},
    f1=np.array([200 / 3, 0.0]),
    em=np.array([100.0, 0.0]),
    cosines={"prober_vector": np.array([0.123456, np.nan])},
    conicity={"prober_vector": 0.5},
    multi=None,
    result={"parameters": 237156, "epochs": 1, "versions": {"python": "3.11.7"}},
    epochs=[{"epoch": 0, "loss": 1.5, "val_f1": 12.25, "seconds": 3.0, "labels": float("nan")}],
)


def test_outcomes_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "outcomes.json"
    write_outcomes(
        path, [OUTCOME, replace(OUTCOME, digest="def", seed=2, made={**MADE, "date": "before"})], MADE
    )
    found = read_outcomes([str(path)])
    assert list(found) == ["abc", "def"] and found["abc"].made == MADE
    read = found["abc"]
    np.testing.assert_allclose(read.f1, OUTCOME.f1, atol=5e-4)
    np.testing.assert_array_equal(read.em, OUTCOME.em)
    np.testing.assert_allclose(read.cosines["prober_vector"], [0.1235, np.nan])
    assert read.scores == {"f1": 33.3333, "em": 50} and read.conicity == OUTCOME.conicity
    assert read.epochs == [{"epoch": 0, "loss": 1.5, "val_f1": 12.25, "seconds": 3}]
    assert read.result == {"parameters": 237156, "epochs": 1} and read.spans is None
    json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    where = "a CPU, 2 cores (report of"
    assert kept_from([OUTCOME, *found.values()]) == [f"1 on {where} {MADE['date']})", f"1 on {where} before)"]
    # Written again, they keep the machine that they were made on.
    again = tmp_path / "again.json"
    write_outcomes(again, found.values(), {"date": "now", "machine": {}})
    assert again.read_text() == path.read_text()


def test_of_two_files_with_the_same_outcome_the_first_counts(tmp_path):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    write_outcomes(first, [OUTCOME], MADE)
    write_outcomes(second, [replace(OUTCOME, seed=7), replace(OUTCOME, digest="other")], MADE)
    found = read_outcomes([str(first), str(second)])
    assert {digest: outcome.seed for digest, outcome in found.items()} == {"abc": 1, "other": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-20],
        lambda text: text.replace('"f1":', '"f2":'),
        lambda text: text.replace('"em": "10"', '"em": "1"'),
        lambda text: "[]",
        lambda text: text.replace('"scores":', '"points":'),
    ],
)
def test_an_error_names_the_broken_file(tmp_path, change):
    path = tmp_path / "outcomes.json"
    write_outcomes(path, [OUTCOME], MADE)
    path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=f"report.kept: {path}: not a file of outcomes .*outcomes.json"):
        read_outcomes([str(path)])


def test_an_error_names_the_missing_file(tmp_path):
    with pytest.raises(UserError, match="none.json: cannot be read"):
        read_outcomes([str(tmp_path / "none.json")])


def test_predictions_are_those_of_the_first_run_that_is_here():
    here = [SpanPrediction("1", "a film", 0, 1, 0.5, ["a film"], 100.0)]
    rows = [
        Row("sd/add_train", runs, 2, "", 200)
        for runs in ([], [OUTCOME], [OUTCOME, replace(OUTCOME, spans=here)])
    ]
    assert [row.spans for row in rows] == [None, None, here]
