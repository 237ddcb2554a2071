"""What teachers say about the training data, beside what their students gain."""

import numpy as np

from holle_tf.report.outcomes import Outcome, Row, read_outcomes, write_outcomes
from holle_tf.report.teacher_table import teacher_table, teacher_tables
from holle_tf.report.variants import VARIANTS

SURE = {"temperature": 1.0, "maximum": 0.99, "entropy": 0.04, "nll": 0.05, "accuracy": 0.985, "ece": 0.01}
SOFT = {**SURE, "temperature": 2.31, "maximum": 0.7, "nll": None}
BY_KEY = {variant.key: variant for variant in VARIANTS}


def row_of(key, f1, *scored):
    """A row whose seeds score F1, F1 + 1 and so on."""
    outcomes = [
        Outcome(key, seed, f"{key}{seed}", "run", {"f1": f1 + seed}, np.full(2, f1 + seed), np.zeros(2), {},
                {}, None, {} if scores is None else {"teacher_scores": scores}, [])
        for seed, scores in enumerate(scored)
    ]  # fmt: skip
    return Row(key, outcomes, len(scored), "", 200)


ROWS = {
    row.key: row
    for row in (
        row_of("sd/add_train", 40.0, None),
        row_of("sd/add_twice", 41.5, None, None, None),
        row_of("sd/add/qanet", 43.25, None, [SURE]),  # the first seed is older than this measure
        row_of("sd/mul/qanet", 40.0, [SURE]),
        row_of("sd/add_both/bidaf+qanet", 39.5, [SURE, SOFT]),
        row_of("ld/add/qanet", 40.0, None),
        row_of("ld/add_topk/qanet", 40.0),
    )
}


def test_there_is_a_line_for_each_teacher_of_each_student_with_what_it_gains():
    table = teacher_table("sd", ROWS, BY_KEY)
    texts = [[cell.text for cell in row] for row in table.rows]
    sure = ["1.00", "0.99", "0.04", "0.05", "0.98", "0.01"]
    soft = ["2.31", "0.70", "0.04", "-", "0.98", "0.01"]
    assert texts == [
        ["SAM-add from QANeT", *sure, "43.8", "+3.2", "+1.8"],
        ["SAM-mul from QANeT", *sure, "40.0", "-", "-"],  # SAM-mul alone was not trained
        ["SAM-add-both from BiDAF + QANeT", *sure, "39.5", "-0.5", "-2.0"],
        ["SAM-add-both from BiDAF + QANeT", *soft, "39.5", "-0.5", "-2.0"],
    ]
    assert [row[0].note for row in table.rows] == ["", "", "teacher 1", "teacher 2"]
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_a_setup_whose_runs_recorded_nothing_has_no_table():
    assert [table.name for table in teacher_tables(ROWS, BY_KEY)] == ["teachers-sd"]


def test_the_measures_are_kept_with_the_outcomes(tmp_path):
    path = tmp_path / "outcomes.json"
    write_outcomes(path, ROWS["sd/add_both/bidaf+qanet"].outcomes, {"date": "", "machine": {}})
    (found,) = read_outcomes([str(path)]).values()
    assert found.result["teacher_scores"] == [SURE, SOFT]
