"""The published numbers, as the paper's tables print them row by row."""

from holle_tf import paper

# Copied from the paper as text: label, then its numbers from left to right.
TABLE_2 = """SAM-mul-train 36.49 40.08
SAM-add-train 36.96 41.30
BiDAF 38.30 45.54
QANeT 38.10 47.67"""
TABLE_3 = """SAM-mul 36.50 37.03
SAM-add 37.14 37.28
SAM-add-topk 37.29 37.73
SAM-add-aug 37.17 37.01
SAM-add-ensemble 37.30
SAM-add-both 36.80"""
TABLE_4 = """SAM-add-teach 20.23
SAM-mul 40.81 40.76
SAM-add 42.05 41.89
SAM-add-topk 41.71 42.01
SAM-add-aug 41.65 41.62
SAM-add-ensemble 41.74
SAM-add-both 42.32
SAM-add-grad 41.37 41.72"""


def _lines(table, order):
    lines = {}
    for score in sorted((score for score in paper.F1 if score.table == table), key=order):
        lines.setdefault(score.label, []).append(f"{score.f1:.2f}")
    return {f"{label} {' '.join(numbers)}" for label, numbers in lines.items()}


def test_every_row_of_tables_2_to_4_is_there():
    assert _lines(2, lambda score: score.setup != "ld") == set(TABLE_2.splitlines())
    assert _lines(3, lambda score: score.teachers) == set(TABLE_3.splitlines())
    assert _lines(4, lambda score: score.teachers) == set(TABLE_4.splitlines())


def test_the_headline_follows_from_the_tables():
    f1 = {score.key: score.f1 for score in paper.F1}
    gain = 100 * (f1["ld/add_topk/qanet"] / f1["ld/mul_train"] - 1)
    assert round(gain, 1) == 3.4  # section 1
    assert len(f1) == len(paper.F1)
