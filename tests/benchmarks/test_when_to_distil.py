import json
from pathlib import Path

import pytest

from benchmarks.when_to_distil import COMPARISONS, FEW_LABELS, Comparison, compare, few_labels

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


@pytest.mark.parametrize(
    ("row", "control"),
    [
        ("sd/add/qanet", "sd/add_twice"),
        ("sd/mul/qanet", "sd/mul_twice"),
        ("sd/sam_match:add_topk/scores:a.gz", "sd/sam_match:add_twice"),
    ],
)
def test_the_control_is_the_same_student_on_labels_that_count_twice(row, control):
    assert Comparison("a teacher", "a student", "a report", row).control == control


def test_a_difference_is_over_the_seeds_that_both_rows_have():
    def outcome(row, seed, *f1):
        return {"row": row, "seed": seed, "f1": f1}

    found = compare(
        Comparison("a teacher", "a student", "a report", "sd/add/qanet"),
        [
            outcome("sd/add/qanet", 0, 50, 80),
            outcome("sd/add/qanet", 1, 70, 60),
            outcome("sd/add_twice", 1, 60, 52),
            outcome("sd/add_twice", 2, 0, 0),
        ],
    )
    assert found.seeds == 1
    assert found.difference[:3] == pytest.approx((9, 8, 10))


def test_rows_without_a_common_seed_have_no_line():
    assert compare(COMPARISONS[0], [{"row": "sd/add/qanet", "seed": 0, "f1": [1.0]}]) is None


def test_the_published_result_of_few_labels_has_two_lines():
    result = json.loads((RESULTS / "few-labels.json").read_text())["result"]
    lines = few_labels(FEW_LABELS[0], result)
    assert [line.what[-12:] for line in lines] == ["2,156 labels", "s and a pool"]
    assert all(line.difference.low < line.difference.mean < line.difference.high for line in lines)


def test_parts_of_a_pool_have_lines_of_their_own():
    minus = {
        "alone": {"mean": 2, "low": 1, "high": 3, "p": 0.0},
        "twice": {"mean": 1, "low": 0, "high": 2, "p": 0.1},
    }
    rows = {
        "alone": {"minus": {}},
        "teacher": {"minus": minus},
        "pool 4000": {"minus": minus},
        "pool": {"minus": minus},
        "smoothed": {"minus": minus},  # a control
        "self": {"minus": minus},
    }
    lines = few_labels(FEW_LABELS[1], {"seeds": 2, "labels": {"4000": rows}})
    assert [line.what.partition(" labels")[2] for line in lines] == [
        "",
        " and a pool of 4,000",
        " and a pool",
    ]
    assert [line.teacher for line in lines] == [FEW_LABELS[1].teacher, *2 * [FEW_LABELS[1].of_pool]]
    assert {line.difference.mean for line in lines} == {1}


def test_every_published_report_that_is_named_has_both_rows():
    for comparison in COMPARISONS:
        path = RESULTS / f"outcomes-{comparison.outcomes}.json"
        if path.exists():
            rows = {outcome["row"] for outcome in json.loads(path.read_text())["outcomes"]}
            assert {comparison.row, comparison.control} <= rows
