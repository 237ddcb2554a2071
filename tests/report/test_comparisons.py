"""Differences between two rows: paired by seed and by example."""

import numpy as np
import pytest

from holle_tf.report.comparisons import compare_rows, comparison_table, headline, headlines
from holle_tf.report.outcomes import LEFT_OUT, Outcome, Row
from holle_tf.report.rows import OWN_TWICE
from holle_tf.report.variants import COMPARISONS, Comparison

FIRST, SECOND = "sd/add_topk/qanet", "sd/mul_train"


def _row(key, f1, fault="not run yet"):
    """A row with the F1 of every example, by seed."""
    outcomes = [
        Outcome(key, seed, "", "", {}, np.array(values, float), np.zeros(len(values)), {}, {}, None, {}, [])
        for seed, values in f1.items()
    ]
    return Row(key, outcomes, 3, fault, 200)


def _compared(first, second, **faults):
    """The entry of ``FIRST`` minus ``SECOND``."""
    rows = {key: _row(key, {}) for pair in COMPARISONS for key in pair[:2]}
    rows[FIRST] = _row(FIRST, first, **faults)
    rows[SECOND] = _row(SECOND, second)
    (found,) = (
        entry
        for entry in compare_rows(rows, COMPARISONS, 200)
        if (entry["first"], entry["second"]) == (FIRST, SECOND)
    )
    return found


def _shown(entry):
    (row,) = comparison_table("sd", [entry]).rows
    return row[1]


def test_only_common_seeds_are_compared():
    # Seed 0 is hard: the means over all seeds of each row differ by -22.7.
    found = _compared({0: [50, 60]}, {0: [49, 57], 1: [90, 90], 2: [90, 90]})
    assert (found["mean"], found["seeds"], found["by_seed"]) == (2, [0], [2])
    assert found["relative"] == pytest.approx(100 * 2 / 53)
    assert found["paper"] == 1.93
    assert _shown(found).note == "1 seed"


@pytest.mark.parametrize(
    "other, weights, said",
    [
        ("sd/add/qanet", (["a"], ["b"]), True),
        ("sd/add/qanet", (["a"], ["a"]), False),
        ("sd/add_both/bidaf+qanet", (["a"], ["c", "a"]), False),
        ("sd/add_both/bidaf+qanet", (["a"], ["c", "b"]), True),
        ("sd/add/bidaf", (["a"], ["c"]), False),  # another teacher is what is compared
        ("sd/mul_train", (["a"], []), False),
        ("sd/add/qanet", ([], ["b"]), False),  # a run from before they were recorded
    ],
)
def test_students_of_different_trainings_of_a_teacher_are_marked(other, weights, said):
    rows = {key: _row(key, {0: [1, 2]}) for key in (FIRST, other)}
    for row, of_teachers in zip(rows.values(), weights):
        row.outcomes[0].result["teacher_weights"] = of_teachers
    (found,) = compare_rows(rows, [(FIRST, other, "which?")], 200)
    assert found["other_teacher"] is said
    (cells,) = comparison_table("sd", [found]).rows
    assert ("different trainings of the teacher" in cells[0].note) is said


def test_every_seed_is_shown():
    found = _compared({0: [10, 20], 1: [30, 40]}, {1: [34, 40], 0: [8, 20], 2: [0, 0]})
    assert (found["mean"], found["seeds"], found["by_seed"]) == (-0.5, [0, 1], [1, -2])
    # Both examples and both seeds are drawn: +2 is the first example of the first seed, -4 of the second.
    assert (found["low"], found["high"]) == (-4, 2)
    assert _shown(found).note == "2 seeds: +1.00, -2.00"
    assert (
        "-0.50 F1 (-2.0 %) here, 95 % interval -4.00 to +2.00, 2 seeds: +1.00, -2.00; the interval "
        "includes zero, so no difference is shown; +1.93 F1" in headline(found)
    )


def test_the_controlled_difference_is_the_first_sentence_of_a_report():
    rows = {key: _row(key, {0: [50, 60]}) for pair in COMPARISONS for key in pair[:2]}
    rows["ld/add_topk/qanet"] = _row("ld/add_topk/qanet", {0: [55, 66]})
    rows["sd/add_twice"] = _row("sd/add_twice", {}, "not run yet")
    sentences = headlines(compare_rows(rows, COMPARISONS, 200), rows)
    assert [sentence.split(":")[0] for sentence in sentences] == [
        f"SAM-add-topk from QANeT minus {other}, on {where}"
        for where in ("long documents", "short documents")
        for other in ("SAM-add-twice", "SAM-mul-train")
    ]
    assert sentences[0].endswith("95 % interval +5.00 to +6.00, 1 seed; the interval excludes zero.")
    assert sentences[1].endswith("the interval excludes zero; +1.24 F1 (+3.4 %) in the paper.")
    end = ": not run yet here; without this control, a gain below need not be the teacher's."
    assert sentences[2].endswith(end)


def test_a_claim_whose_control_is_left_out_says_so():
    rows = {key: _row(key, {0: [50, 60]}) for pair in COMPARISONS for key in pair[:2]}
    rows["sd/add_twice"] = _row("sd/add_twice", {}, LEFT_OUT)
    sentences = headlines(compare_rows(rows, COMPARISONS, 200), rows)
    assert len(sentences) == 4
    without = [sentence for sentence in sentences if "without this control" in sentence]
    assert without == sentences[2:3] and "on short documents: left out here;" in without[0]


def test_without_the_papers_claim_a_report_begins_with_what_teachers_add():
    own = [
        Comparison(f"sd/sam_match:{name}/qanet", "sd/sam_match:add_twice", OWN_TWICE)
        for name in ("add_topk", "add_smoothed")
    ]
    rows = {key: _row(key, {}, LEFT_OUT) for pair in COMPARISONS for key in pair[:2]}
    rows["sd/add_train"] = _row("sd/add_train", {0: [50, 60]})
    (sentence,) = headlines(compare_rows(rows, COMPARISONS, 200), rows)
    assert sentence == "No student of a teacher is in this report."
    rows["sd/add/qanet"] = _row("sd/add/qanet", {0: [50, 60]})
    (sentence,) = headlines(compare_rows(rows, COMPARISONS, 200), rows)
    assert sentence == "No student of a teacher has its control beside it, labels that count twice."
    rows |= {key: _row(key, {0: [50, 60]}) for pair in own for key in pair[:2]}
    rows |= {key: _row(key, {0: [50, 60]}) for key in ("sd/add/qanet", "sd/add_twice")}
    sentences = headlines(compare_rows(rows, [*own, *COMPARISONS], 200), rows)
    assert [sentence.split(",")[0] for sentence in sentences] == [
        "SAM-match-add-topk from QANeT minus SAM-match-add-twice",
        "SAM-add from QANeT minus SAM-add-twice",
    ]


@pytest.mark.parametrize(
    "first, second, fault, said",
    [
        ({}, {0: [1, 2]}, "not run yet", "not run yet"),
        ({}, {0: [1, 2]}, LEFT_OUT, "left out"),
        ({1: [1, 2]}, {0: [1, 2]}, "not run yet", "no common seed"),
        ({0: [1]}, {0: [2]}, "not run yet", "not run yet"),  # one example has no interval
    ],
)
def test_a_missing_difference_says_why(first, second, fault, said):
    found = _compared(first, second, fault=fault)
    assert found["missing"] == said and "mean" not in found
    assert _shown(found).text == said and said in headline(found)
