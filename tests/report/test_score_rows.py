"""The row of a file of scores in a report."""

import numpy as np
import pytest

from holle_tf.distill.score_format import EdgeScores, Header, ScoreLine, write_score_file
from holle_tf.report.runs import Runs
from holle_tf.report.score_rows import NOT_OF_TEST, score_file_rows
from holle_tf.report.tables import scores_table
from holle_tf.runs.data import open_data
from pipelines.digests import text_sha256
from pipelines.records import read_examples


@pytest.fixture
def runs_of(load, tmp_path):
    """Function (split) -> the runs of a report with a row that learns from a file, which is right."""

    def make(split):
        def sure(offset):
            return EdgeScores(np.array([offset]), np.array([0.0]))

        lines = [
            ScoreLine(e.example_id, "", text_sha256(e.document), sure(e.answer_start), sure(e.answer_end))
            for e in read_examples(open_data(load()), split)
        ]
        write_score_file(tmp_path / "mini.jsonl", Header("logits", "Mini", 12), lines)
        row = f"sd/add_topk/scores:{tmp_path}/mini.jsonl"
        return Runs(load(**{"report.rows": [row], "report.only": ["sd/add_topk/scores:*"]}))

    return make


def test_a_file_that_teaches_a_row_has_a_row_of_its_own(runs_of):
    (key, row), *others = score_file_rows(runs_of("test"), None).items()
    assert not others and key == row.key == "sd/scores:mini.jsonl" and row.label == "mini"
    assert row.f1.min() == pytest.approx(100) and row.outcomes[0].em.min() == 100
    assert row.outcomes[0].result == {"parameters": 12}
    (cells,) = scores_table("sd", {key: row}, []).rows
    assert (cells[0].text, cells[1].text) == ("mini", "100.0")


def test_a_file_without_scores_of_test_has_no_outcome(runs_of, logged):
    (row,) = score_file_rows(runs_of("train"), None).values()
    assert (row.outcomes, row.fault) == ([], NOT_OF_TEST)
    assert any("not scored: sd/scores:mini.jsonl: " in line for line in logged.messages)
