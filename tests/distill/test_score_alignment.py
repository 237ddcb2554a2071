"""Scores of characters become scores of words."""

import numpy as np
import pytest

from holle_tf.distill.score_alignment import scores_of_words
from holle_tf.distill.score_format import EdgeScores
from holle_tf.distill.teacher_cache import UNKNOWN
from pipelines.tokenizer import tokenize

WORDS = tokenize("Unbelievable, he said")  # 0-12, 12-13, 14-16, 17-21


def found(edge, scores):
    offsets, values = zip(*scores.items())
    return scores_of_words(edge, EdgeScores(np.array(offsets), np.log(values)), WORDS)


def test_the_mass_of_sub_words_of_a_word_is_added():
    starts = found("start", {0: 0.1, 2: 0.2, 8: 0.3, 12: 0.15, 17: 0.25})
    np.testing.assert_allclose(np.exp(starts.logits), [0.6, 0.15, 0.0, 0.25], atol=1e-6)
    assert starts.logits[2] == np.float32(UNKNOWN) and starts.between == 0
    ends = found("end", {2: 0.1, 12: 0.5, 13: 0.15, 21: 0.25})  # exclusive: 12 ends "Unbelievable"
    np.testing.assert_allclose(np.exp(ends.logits), [0.6, 0.15, 0.0, 0.25], atol=1e-6)


@pytest.mark.parametrize(
    ("edge", "outside"), [("start", 13), ("start", 21), ("start", 99), ("start", -1), ("end", 0), ("end", 14)]
)
def test_mass_on_no_word_is_reported(edge, outside):
    scores = found(edge, {1: 0.2, 20: 0.5, outside: 0.1})
    assert scores.between == pytest.approx(0.1 / 0.8)
    np.testing.assert_allclose(np.exp(scores.logits), [0.2, 0, 0, 0.5], atol=1e-6)


def test_the_score_of_no_answer_is_in_front_of_the_words():
    scores = scores_of_words("start", EdgeScores(np.array([0, 13]), np.log([0.3, 0.1])), WORDS, np.log(0.6))
    np.testing.assert_allclose(np.exp(scores.logits), [0.6, 0.3, 0, 0, 0], atol=1e-6)
    assert scores.between == pytest.approx(0.1)


def test_the_only_score_of_a_word_stays_as_it_is():
    values = np.array([-0.333, -17.125, 0.0, -4.7], np.float16)
    scores = scores_of_words("start", EdgeScores(np.array([0, 12, 14, 17]), values.astype(float)), WORDS)
    np.testing.assert_array_equal(scores.logits, values.astype(np.float32))


def test_a_document_without_words_has_no_scores():
    scores = scores_of_words("start", EdgeScores(np.array([0]), np.array([1.0])), [])
    assert scores.logits.shape == (0,) and scores.between == 1
