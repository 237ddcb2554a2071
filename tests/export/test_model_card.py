"""The scores of a model card are those of the table."""

import pytest

from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.scores import SCORES, score_predictions
from holle_tf.export.model_card import scores_with_intervals, write_model_card

TEXTS = [("a great film", "great film"), ("bad", "a good film"), ("the night", "the red night")]
CARD = {
    "title": "A student", "format": "onnx", "options": {}, "model": "SAM", "parameters": 7,
    "recipe": {"name": "add", "summary": "labels", "training": {}}, "data": {"name": "demo", "options": {}},
    "words": {"count": 3, "vectors": "learned"}, "sizes": {}, "versions": {},
    "latency": {"machine": "a CPU", "milliseconds": {}},
}  # fmt: skip


@pytest.fixture
def predictions():
    return [
        SpanPrediction(str(i), text, 0, 1, 0.5, [reference], 0.0) for i, (text, reference) in enumerate(TEXTS)
    ]


def test_every_score_is_that_of_the_evaluation_and_means_have_an_interval(predictions):
    found = scores_with_intervals(predictions)
    expected = score_predictions([text for text, _ in TEXTS], [[reference] for _, reference in TEXTS])
    assert {name: score["value"] for name, score in found.items()} == pytest.approx(expected)
    for name, score in SCORES.items():
        low, value, high = (found[name][key] for key in ("low", "value", "high"))
        if score.of_all:
            assert low is high is None
        else:
            assert low <= value <= high


def test_the_card_lists_and_defines_every_score(predictions, tmp_path):
    scores = {"split": "test", "examples": 3, **scores_with_intervals(predictions)}
    write_model_card(tmp_path, {**CARD, "scores": scores})
    text = (tmp_path / "model_card.md").read_text()
    for name, score in SCORES.items():
        (line,) = (line for line in text.splitlines() if line.startswith(f"| {score.title} |"))
        assert line.split(" | ")[1] == f"{scores[name]['value']:.1f}"
        assert score.definition in text
    assert f"| BLEU-4 | {scores['bleu4']['value']:.1f} | - |" in text
