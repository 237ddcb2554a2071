"""Table 6: a row for each vector of a teacher, also of runs that were evaluated before a vector existed."""

import numpy as np
import pytest

from holle_tf.report.conicity_table import conicity_table
from holle_tf.report.outcomes import LEFT_OUT, Outcome, Row

NAMES = ("bidaf", "qanet", "mul_train", "add_train", "add/qanet", "add_topk/qanet")
OLD = {"query_to_context": 0.9}
NEW = {"mean_context_to_query": 0.7, "query_to_context": 1.0}


def _table(**conicity):
    """Of some rows with the conicity of each seed; the others are left out."""
    rows = {f"sd/{name}": Row(f"sd/{name}", [], 0, LEFT_OUT, 200) for name in NAMES}
    for name, of_seeds in conicity.items():
        outcomes = [
            Outcome(f"sd/{name}", seed, "", "run", {}, np.ones(2), np.zeros(2), {}, cones, None, {}, [])
            for seed, cones in enumerate(of_seeds)
        ]
        rows[f"sd/{name}"] = Row(f"sd/{name}", outcomes, len(outcomes), "", 200)
    return conicity_table(rows)


def _shown(table, model):
    return [[cell.text for cell in cells[1:]] for cells in table.rows if cells[0].text == model]


def test_every_vector_of_a_teacher_has_a_row_that_says_what_it_is():
    table = _table(bidaf=[NEW, {**NEW, "query_to_context": 0.9}])
    assert _shown(table, "BiDAF") == [
        ["mean context-to-query vector", "0.70", "0.6"],
        ["query-to-context vector h~", "0.95", "0.6"],
    ]
    assert table.rows[0][2].note == "2 seeds"
    left_out = [
        ["mean context-to-query vector", LEFT_OUT, ""],
        ["row sums of the similarity", LEFT_OUT, "0.6"],
    ]
    assert _shown(table, "QANeT") == left_out
    assert "marks a run" not in table.caption and "Why the readings of a teacher differ." in table.note


@pytest.mark.parametrize("seeds", [[OLD], [OLD, NEW], [NEW, OLD]])
def test_a_run_evaluated_before_the_vector_existed_has_none(seeds):
    table = _table(bidaf=seeds)
    new, old = _shown(table, "BiDAF")
    assert new[1] == "-" and float(old[1]) >= 0.9
    assert "A - marks a run that was scored before that vector existed." in table.caption


def test_the_vectors_of_a_student_are_averaged():
    table = _table(mul_train=[{"prober_vector": 0.5, "responder_vector": 0.7}], add_train=[{}])
    assert _shown(table, "SAM-mul-train") == [["h^P 0.50, h^R 0.70", "0.60", "0.8"]]
    assert _shown(table, "SAM-add-train") == [["", "none", "0.7"]], "no conversation has two examples"
