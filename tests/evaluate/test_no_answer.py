"""Questions without an answer, against the definitions of SQuAD's evaluate-v2.0, written down once more."""

import collections
import random
import re
import string
from dataclasses import replace

import pytest

from holle_tf.evaluate.no_answer import (
    NO_SPAN,
    best_threshold,
    decided,
    unanswerable_lines,
    unanswerable_scores,
)
from holle_tf.evaluate.no_answer_share import no_answer_share
from holle_tf.evaluate.predictions import SpanPrediction, read_predictions, write_predictions
from holle_tf.evaluate.scores import exact_match, score_predictions, token_f1


def _tokens(text):
    kept = "".join(char for char in text.lower() if char not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def _f1(gold, prediction):
    """compute_f1: if either is empty, 1 if both are."""
    gold, prediction = _tokens(gold), _tokens(prediction)
    if not gold or not prediction:
        return float(gold == prediction)
    same = sum((collections.Counter(gold) & collections.Counter(prediction)).values())
    return 2 * same / (len(gold) + len(prediction))


def _exact(gold, prediction):
    return float(_tokens(gold) == _tokens(prediction))


def _find_best_thresh(texts, scores, shares, has_answer):
    """find_best_thresh: answers the questions one by one, the surest first."""
    current = best = sum(not has_answer[key] for key in shares)
    threshold = 0.0
    for key in sorted(shares, key=lambda key: shares[key]):
        if has_answer[key]:
            current += scores[key]
        else:
            current -= bool(texts[key])
        if current > best:
            best, threshold = current, shares[key]
    return 100.0 * best / len(scores), threshold


def _drawn(seed, count=60):
    """Predictions at random: some right, some wrong, some questions without an answer."""
    generator = random.Random(seed)
    texts = ["the blue car", "a car", "blue", "Blue car!", "red house"]
    predictions = []
    for number in range(count):
        unanswerable = generator.random() < 0.4
        references = [""] if unanswerable else generator.sample(texts, generator.randint(1, 2))
        share = min(max(generator.gauss(0.6 if unanswerable else 0.4, 0.2), 0.001), 0.999)
        span = generator.choice(texts)
        predictions.append(
            SpanPrediction(f"q{number}", span, 1, 2, 0.1, references, 0.0, best_span=span, no_answer=share)
        )
    return predictions


@pytest.mark.parametrize("name", ["f1", "em"])
@pytest.mark.parametrize("seed", range(8))
def test_the_best_threshold_is_that_of_the_official_scorer(seed, name):
    predictions = _drawn(seed)
    of_pair = _f1 if name == "f1" else _exact
    scores = {p.example_id: max(of_pair(gold, p.best_span) for gold in p.references) for p in predictions}
    shares = {p.example_id: p.no_answer for p in predictions}
    has_answer = {p.example_id: p.references != [""] for p in predictions}
    texts = {p.example_id: p.best_span for p in predictions}
    score, threshold = _find_best_thresh(texts, scores, shares, has_answer)
    found = best_threshold(predictions, name)
    assert found.score == pytest.approx(score)
    for share in shares.values():
        assert (share > found.value) == (share > threshold)
    # It is the best of all, and deciding by it gives what it promises.
    for other in [0.0, *shares.values(), found.value]:
        texts = [decided(p, other).prediction for p in predictions]
        given = 100 * sum(
            max(of_pair(gold, text) for gold in p.references) for text, p in zip(texts, predictions)
        ) / len(texts)  # fmt: skip
        assert given <= score + 1e-9
        assert other != found.value or given == pytest.approx(score)


@pytest.mark.parametrize("seed", range(3))
def test_all_scores_are_those_of_the_official_scorer(seed):
    threshold = 0.45
    predictions = [decided(prediction, threshold) for prediction in _drawn(seed)]
    found = unanswerable_scores(predictions, threshold)
    overall = score_predictions([p.prediction for p in predictions], [p.references for p in predictions])
    for name, of_pair in (("f1", _f1), ("em", _exact)):
        groups = {"has_answer": [], "no_answer": []}
        for p in predictions:
            text = "" if p.no_answer > threshold else p.best_span
            score = 100 * max(of_pair(gold, text) for gold in p.references)
            groups["has_answer" if p.references != [""] else "no_answer"].append(score)
            if name == "f1":
                assert p.f1 == pytest.approx(score)
        for group, values in groups.items():
            assert found[group]["examples"] == len(values)
            assert found[group][name] == pytest.approx(sum(values) / len(values))
        everything = sum(groups.values(), [])
        assert overall[name] == pytest.approx(sum(everything) / len(everything))
    assert found["best_f1"]["score"] >= overall["f1"] and found["threshold"] == threshold
    assert "no answer above 0.45" in unanswerable_lines(found)[-1]


@pytest.mark.parametrize(("prediction", "score"), [("", 1), ("the", 1), (" ", 1), ("blue", 0)])
def test_no_answer_is_right_only_if_there_is_none(prediction, score):
    assert token_f1(prediction, "") == _f1("", prediction) == score
    assert exact_match(prediction, "") == _exact("", prediction) == score
    found = score_predictions([prediction, "red"], [[""], ["blue"]])
    assert found["f1"] == found["em"] == found["rougeL"] == 50 * score


def test_equal_values_are_decided_alike():
    alike = [replace(each, no_answer=0.5) for each in _drawn(0)]
    assert best_threshold(alike).value in (0.25, 1.0)


def test_extremes_are_possible():
    predictions = _drawn(1)
    hopeless = [replace(each, best_span="green") for each in predictions]
    assert all(decided(each, best_threshold(hopeless).value).prediction == "" for each in hopeless)
    answerable = [replace(each, references=[each.best_span]) for each in predictions]
    assert best_threshold(answerable) == (1.0, pytest.approx(100))


def test_a_decision_keeps_the_best_span(tmp_path):
    prediction = decided(replace(_drawn(0)[0], no_answer=0.9), 0.5)
    assert (prediction.prediction, prediction.start, prediction.end) == ("", NO_SPAN, NO_SPAN)
    assert decided(decided(prediction, 0.5), 0.95).prediction == prediction.best_span != ""
    path = tmp_path / "predictions.jsonl"
    plain = SpanPrediction("q", "blue", 0, 1, 0.5, ["blue"], 100.0)
    write_predictions(path, [prediction, plain])
    assert read_predictions(path) == [prediction, plain]
    assert "no_answer" not in path.read_text().splitlines()[1]


def test_the_share_tells_near_certainties_apart():
    assert no_answer_share(0.0, 0.2) == 0 and no_answer_share(0.3, 0.0) == 1
    assert no_answer_share(0.2, 0.2) == 0.5
    assert no_answer_share(0.9, 1e-12) < no_answer_share(0.9, 1e-14) < 1
