"""BLEU-4 and ROUGE against plain computations from their papers, and where Holl-E's own scripts differ."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holle_tf.evaluate.scores import SCORES, score_predictions

# Words that every tokenisation leaves alone.
words = st.lists(st.sampled_from(["cat", "dog", "film", "night", "war", "red"]), min_size=1, max_size=9)
texts = words.map(" ".join)
corpora = st.lists(st.tuples(texts, st.lists(texts, min_size=1, max_size=3)), min_size=1, max_size=4)


def _grams(text, n):
    tokens = text.split()
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def plain_bleu(corpus):
    """Papineni et al., 2002; the k-th order without a match counts 1 / 2^k matches."""
    length = nearest = 0
    matches, totals = [0] * 5, [0] * 5
    for prediction, references in corpus:
        size = len(prediction.split())
        length += size
        nearest += min((len(r.split()) for r in references), key=lambda length: (abs(length - size), length))
        for n in range(1, 5):
            allowed = Counter()
            for reference in references:
                allowed |= _grams(reference, n)
            matches[n] += sum((_grams(prediction, n) & allowed).values())
            totals[n] += max(size - n + 1, 0)
    zeros, logs = 0, []
    for n in range(1, 5):
        if totals[n] == 0:
            return None  # no n-grams at all: implementations differ
        if matches[n] == 0:
            zeros += 1
            logs.append(math.log(1 / (2**zeros * totals[n])))
        else:
            logs.append(math.log(matches[n] / totals[n]))
    if matches[1] == 0:
        return 0.0
    return 100 * min(1.0, math.exp(1 - nearest / length)) * math.exp(sum(logs) / 4)


def plain_rouge_n(prediction, reference, n):
    """Lin, 2004: F of the n-grams of both, each as often as it occurs."""
    ours, theirs = _grams(prediction, n), _grams(reference, n)
    shared = sum((ours & theirs).values())
    return 2 * shared / (sum(ours.values()) + sum(theirs.values())) if shared else 0.0


def plain_rouge_l(prediction, reference):
    """Lin, 2004: F of the longest common subsequence."""
    a, b = prediction.split(), reference.split()
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, left in enumerate(a):
        for j, right in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if left == right else max(table[i][j + 1], table[i + 1][j])
    return 2 * table[-1][-1] / (len(a) + len(b))


@settings(max_examples=40, deadline=None)
@given(corpora)
def test_bleu_and_rouge_agree_with_plain_computations_for_any_number_of_references(corpus):
    found = score_predictions(*map(list, zip(*corpus)))
    bleu = plain_bleu(corpus)
    if bleu is not None:
        assert found["bleu4"] == pytest.approx(bleu, abs=1e-6)
    for name, score in (
        ("rouge1", lambda p, r: plain_rouge_n(p, r, 1)),
        ("rouge2", lambda p, r: plain_rouge_n(p, r, 2)),
        ("rougeL", plain_rouge_l),
    ):
        expected = sum(max(score(p, r) for r in references) for p, references in corpus) / len(corpus)
        assert found[name] == pytest.approx(100 * expected, abs=1e-6)


def test_every_column_says_where_holl_es_scripts_differ():
    assert all(score.holle for score in SCORES.values())
    found = score_predictions(["the film ."], [["film"]])
    assert found["f1"] == 100.0  # theirs keeps "the" and ".": 2 * 1 / (3 + 1) = 50
    found = score_predictions(["film film"], [["film"]])
    assert found["rouge1"] == pytest.approx(200 / 3)  # theirs counts "film" once: 100
