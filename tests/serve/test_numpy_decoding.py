"""Decoding without TensorFlow finds what decoding with it finds."""

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.models.decoding import decode_spans
from holle_tf.serve.numpy_decoding import decode_probabilities


def _both(start_logits, end_logits, max_span, n_best):
    """Lists of (first, last) by each, and their scores."""
    mask = np.ones((1, len(start_logits)), bool)
    theirs = decode_spans(start_logits[None], end_logits[None], mask, max_span, n_best)
    theirs = {name: value.numpy()[0] for name, value in theirs.items()}
    valid = theirs["score"] > 0
    probabilities = (tf.nn.softmax(logits).numpy() for logits in (start_logits, end_logits))
    first, last, score = decode_probabilities(*probabilities, max_span, n_best)
    return (list(zip(first, last)), score), (
        list(zip(theirs["start"][valid], theirs["end"][valid])),
        theirs["score"][valid],
    )


@pytest.mark.parametrize("words", [1, 2, 7, 40, 300])
@pytest.mark.parametrize(("max_span", "n_best"), [(1, 1), (3, 5), (64, 20)])
def test_the_same_spans_and_scores_as_with_tensorflow(words, max_span, n_best):
    rng = np.random.default_rng(words)
    logits = rng.normal(scale=3, size=(2, words)).astype(np.float32)
    (spans, scores), (expected, expected_scores) = _both(*logits, max_span, n_best)
    assert spans == expected
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-4)


def test_equal_spans_come_in_order():
    (spans, _), (expected, _) = _both(np.zeros(6, np.float32), np.zeros(6, np.float32), 3, 7)
    assert spans == expected == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (1, 3), (2, 2)]


def test_impossible_spans_are_left_out_and_no_words_have_none():
    certain = np.array([0, 0, 1, 0], np.float32)
    first, last, score = decode_probabilities(certain, certain, 4, 5)
    assert (first.tolist(), last.tolist(), score.tolist()) == ([2], [2], [1.0])
    assert [len(part) for part in decode_probabilities(certain[:0], certain[:0], 4, 5)] == [0, 0, 0]
