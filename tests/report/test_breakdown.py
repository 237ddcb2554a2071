import numpy as np

from holle_tf.report.breakdown import by_length, by_source, score_groups
from pipelines.example import Example
from pipelines.options import LATIN

SOURCES = ("plot", "review", "fact_table")


def _example(words, source="plot"):
    return Example("ts", "ts", "Film", "word " * words, "q", "", "", "word", 0, 4, "r", source)


def test_every_example_is_in_one_quarter_by_length():
    lengths = [5, 9, 2, 7, 1, 8, 3, 6]
    groups = by_length([_example(n) for n in lengths], LATIN)
    assert [group.name for group in groups] == ["1 to 2", "3 to 5", "6 to 7", "8 to 9"]
    assert sorted(np.concatenate([group.places for group in groups])) == list(range(8))
    assert [lengths[place] for place in groups[0].places] == [2, 1]


def test_documents_of_one_length_are_one_group():
    assert [group.name for group in by_length([_example(4)] * 5, LATIN)] == ["4"]


def test_sources_without_examples_are_left_out():
    groups = by_source([_example(1, "review"), _example(1, "fact_table"), _example(1, "review")], SOURCES)
    assert [(group.name, list(group.places)) for group in groups] == [("review", [0, 2]), ("fact table", [1])]


def test_scores_of_a_group_are_of_its_examples():
    groups = by_source([_example(1, "review"), _example(1, "plot"), _example(1, "review")], SOURCES)
    plot, review = score_groups(np.array([10.0, 50.0, 30.0]), groups, 100)
    assert (plot.mean, review.mean) == (50.0, 20.0)
    assert np.isnan(plot.low) and 10.0 <= review.low <= review.high <= 30.0
