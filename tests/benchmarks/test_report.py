import pytest

from benchmarks import quality_tables
from benchmarks.report import fill
from benchmarks.tables import TABLES
from pipelines.errors import UserError

RESULT = {
    "command": "python -m benchmarks.steps",
    "machine": {"cpu": "a CPU", "cores": 2},
    "result": {
        "variants": {
            "sam:none": {"training": {"ms": 10.0, "ratio": 1.0}, "inference": {"ms": 2.0, "ratio": 1.0}},
            "qanet:none": {"training": {"ms": 55.0, "ratio": 5.5}, "inference": {"ms": 9.0, "ratio": 4.5}},
        }
    },
}


def test_a_table_is_replaced_and_the_text_around_it_stays():
    page = "before\n<!-- steps -->\nold\n<!-- end -->\nbetween\n<!-- growth -->\nkept\n<!-- end -->\n"
    once = fill(page, {"steps": RESULT}, TABLES)
    assert "| qanet:none | 55.0 | 5.50 | 9.0 | 4.50 |" in once
    assert "`python -m benchmarks.steps`, 2 cores, a CPU." in once
    assert "old" not in once
    assert once.startswith("before\n") and once.endswith("between\n<!-- growth -->\nkept\n<!-- end -->\n")
    assert fill(once, {"steps": RESULT}, TABLES) == once


def test_a_result_without_a_place_in_the_page_is_an_error():
    with pytest.raises(UserError, match="steps"):
        fill("nothing", {"steps": RESULT}, TABLES)


def test_soft_teachers_has_no_numbers_of_a_teacher_where_there_is_none():
    minus = {"labels alone": {"mean": -1.0, "low": -1.5, "high": 0.5, "p": 0.1}}
    said = {"maximum": 0.9, "entropy": 0.3, "nll": 0.2, "accuracy": 0.95, "ece": 0.01, "f1": 80.04}
    rows = {
        "labels alone": {"f1": [70.0], "teacher": {}, "minus": {}},
        "as it is": {"f1": [69.0], "teacher": said, "minus": minus},
    }
    heading, _, alone, taught = quality_tables.soft_teachers({"rows": rows}).splitlines()
    assert heading.endswith("| its test F1 | student's test F1 | minus labels alone |")
    assert alone == "| labels alone |  |  |  |  |  |  | 70.0 |  |"
    assert taught == "| as it is | 0.90 | 0.30 | 0.20 | 0.95 | 0.01 | 80.0 | 69.0 | -1.0 (-1.5 to 0.5) |"


def test_few_labels_has_a_column_for_each_student_that_others_are_compared_with():
    minus = {"mean": 1.0, "low": 0.5, "high": 1.5, "p": 0.01}
    rows = {"twice": {"f1": 70.0, "minus": {}}, "pool": {"f1": 71.0, "minus": {"twice": minus}}}
    result = {"labels": {"2156": rows}, "all labels": {"f1": 75.0, "examples": 19832}}
    heading, _, *body = quality_tables.few_labels(result).splitlines()
    assert heading == "| labels | student | F1 | minus labels x 2 |"
    assert [line.rpartition(" | ")[2] for line in body] == [" |", "+1.0 (0.5 to 1.5) |", " |"]
    del result["all labels"]
    assert quality_tables.few_labels(result).splitlines()[2:] == body[:2]
