from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holle_tf.evaluate.scores import (
    SCORES,
    Score,
    exact_match,
    normalize_answer,
    register_score,
    score_predictions,
    token_f1,
)
from pipelines.errors import UserError


def squad_normalize(text):
    """SQuAD v1.1, step by step: lower, remove punctuation, remove articles, fix white space."""
    kept = [character for character in text.lower() if character not in string.punctuation]
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", "".join(kept)).split())


def squad_f1(prediction, reference):
    """SQuAD v1.1 by crossing out: every reference token can be met once. "" = no answer, as in v2.0."""
    if not reference:
        return float(not squad_normalize(prediction))
    predicted, left = squad_normalize(prediction).split(), squad_normalize(reference).split()
    expected, met = len(left), 0
    for token in predicted:
        if token in left:
            left.remove(token)
            met += 1
    return 0.0 if met == 0 else 2 * met / (len(predicted) + expected)


words = st.lists(
    st.sampled_from(["a", "the", "An", "film", "Film.", "was", "great!", "2.8", "'s", "\u2019", "-"])
)
texts = st.one_of(words.map(" ".join), st.text(max_size=20))


@given(texts, texts)
def test_f1_and_em_agree_with_the_definition(prediction, reference):
    assert normalize_answer(prediction) == squad_normalize(prediction)
    assert token_f1(prediction, reference) == pytest.approx(squad_f1(prediction, reference))
    if prediction.strip():
        assert exact_match(prediction, reference) == (
            squad_normalize(prediction) == squad_normalize(reference)
        )


@pytest.mark.parametrize(
    "prediction, reference, f1, em",
    [
        ("The Matrix.", "matrix", 1.0, True),  # articles, punctuation and case do not count
        ("a great film", "great old film", 0.8, False),  # 2 shared, precision 2/2, recall 2/3
        ("good good", "good", 2 / 3, False),  # a word counts as often as it occurs
        ("good", "good good bad", 0.5, False),
        ("theatre", "atre", 0.0, False),  # an article is a whole word
        ("well-made", "well made", 0.0, False),  # punctuation is removed, not made a space
        ("2.8", "28", 1.0, True),
        ("\u201cgreat\u201d", "great", 0.0, False),  # only ASCII punctuation is removed
        ("", "film", 0.0, False),
        ("", "the", 0.0, False),
        ("the", "The.", 0.0, True),  # nothing is left of either
        ("in  the\nend", "in end", 1.0, True),
    ],
)
def test_hand_computed_cases(prediction, reference, f1, em):
    assert token_f1(prediction, reference) == pytest.approx(f1)
    assert exact_match(prediction, reference) is em


def test_best_reference_counts_and_an_empty_prediction_stays_in_the_denominator():
    scores = score_predictions(
        ["the matrix", "great film", ""], [["alien", "Matrix"], ["a great old film"], ["nothing"]]
    )
    assert scores["f1"] == pytest.approx(100 * (1 + 0.8 + 0) / 3)
    assert scores["em"] == pytest.approx(100 / 3)
    # rouge keeps articles: "the matrix" shares 1 of 2 with "Matrix" (2/3), 2 of 2 and 4 (2/3).
    assert scores["rouge1"] == pytest.approx(100 * (2 / 3 + 2 / 3) / 3)


def test_every_column_has_a_definition_and_a_perfect_answer_scores_100():
    scores = score_predictions(["one two three four five"], [["no", "one two three four five"]])
    assert set(scores) == set(SCORES)
    assert scores == pytest.approx(dict.fromkeys(scores, 100.0))
    assert all(type(value) is float for value in scores.values())


def test_rouge_of_a_known_pair():
    # 3 unigrams shared of 3 and 6; 1 bigram ("the cat") of 2 and 5; longest common subsequence "the cat mat".
    scores = score_predictions(["the cat mat"], [["the cat on the red mat"]])
    assert scores["rouge1"] == pytest.approx(100 * 2 * 3 / 9)
    assert scores["rouge2"] == pytest.approx(100 * 2 * 1 / 7)
    assert scores["rougeL"] == pytest.approx(100 * 2 * 3 / 9)
    # Order counts for ROUGE-L only, and words are not stemmed.
    reordered = score_predictions(["mats cat the"], [["the cat mat"]])
    assert reordered["rouge1"] == pytest.approx(100 * 2 / 3)
    assert reordered["rougeL"] == pytest.approx(100 * 1 / 3)


def test_bleu_of_a_known_pair():
    # n-gram precisions 5/6, 3/5, 2/4, 1/3 and no brevity penalty: (1/12) ** (1/4).
    scores = score_predictions(["the cat sat on the mat"], [["the dog sat on the mat"]])
    assert scores["bleu4"] == pytest.approx(100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def test_bleu_takes_a_varying_number_of_references():
    hypotheses = ["the cat sat on the mat", "a film about a boy and a dog"]
    both = score_predictions(
        hypotheses, [["the dog sat on the mat"], ["no", "a film about a boy and a dog", "yes"]]
    )
    first = score_predictions(hypotheses, [["the dog sat on the mat"], ["no"]])
    # The second is met wholly: precisions (5+8)/14, (3+7)/12, (2+6)/10, (1+5)/8.
    assert both["bleu4"] == pytest.approx(100 * (13 / 14 * 10 / 12 * 8 / 10 * 6 / 8) ** 0.25)
    assert first["bleu4"] < both["bleu4"]


@pytest.mark.parametrize(
    "predictions, references, message",
    [
        (["a"], [["a"], ["b"]], "1 predictions for 2 lists of references"),
        ([], [], "no prediction to score"),
        (["a", "b"], [["a"], []], "prediction 1 has no list of references"),
        (["a"], ["a"], "prediction 0 has no list of references"),
    ],
)
def test_unusable_input_is_named(predictions, references, message):
    with pytest.raises(UserError, match=message):
        score_predictions(predictions, references)


def _shortness(prediction, references):
    return 1 / max(len(prediction.split()), 1)


@pytest.fixture
def registered():
    """Function (score) -> it is in the table until the test is over."""
    added = []

    def register(score):
        register_score(score)
        added.append(score.name)

    yield register
    for name in added:
        del SCORES[name]


def test_a_registered_score_is_the_mean_of_its_examples_or_of_all_together(registered):
    registered(Score("shortness", "Shortness", "short", "1 / words, mean x 100", of_example=_shortness))
    registered(Score("count", "Count", "count", "examples", of_all=lambda predictions, _: len(predictions)))
    scores = score_predictions(["one two", "one"], [["one"], ["one", "three"]])
    assert list(scores)[-2:] == ["shortness", "count"]
    assert (scores["shortness"], scores["count"]) == (pytest.approx(75.0), 2)
    assert scores["f1"] == pytest.approx(100 * (2 / 3 + 1) / 2)


def test_a_score_that_cannot_be_told_from_another_or_computed_is_refused():
    with pytest.raises(ValueError, match="two scores are called 'f1'"):
        register_score(Score("f1", "F1", "F1", "another", of_example=_shortness))
    for functions in ({}, {"of_example": _shortness, "of_all": lambda predictions, references: 1.0}):
        with pytest.raises(ValueError, match="'new': give either of_example or of_all"):
            register_score(Score("new", "New", "new", "nothing", **functions))
    assert "new" not in SCORES
