from __future__ import annotations

import json

import pytest

from holle_tf.evaluate.predictions import SpanPrediction, read_predictions, write_predictions
from pipelines.errors import UserError

PREDICTIONS = [
    SpanPrediction("ts_1_1", "a \u201cgreat\u201d film", 3, 5, 0.25, ["great film", "so good"], 80.0),
    # Separators that end a line for some readers, but not in a JSON line.
    SpanPrediction("ts_1_2", "two\u2028lines\nor \x85 more \U0001f600", 0, 0, 0.0, [], 0.0),
]
RECORD = {name: value for name, value in vars(PREDICTIONS[0]).items() if value is not None}


def test_predictions_come_back_as_written(tmp_path):
    path = tmp_path / "predictions.jsonl"
    write_predictions(path, PREDICTIONS)
    assert read_predictions(path) == PREDICTIONS
    lines = path.read_bytes().rstrip(b"\n").split(b"\n")
    assert [set(json.loads(line)) for line in lines] == [set(RECORD)] * 2
    assert "\u201cgreat\u201d".encode() in lines[0]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "predictions.jsonl"
    write_predictions(path, PREDICTIONS)

    def breaking():
        yield PREDICTIONS[1]
        raise RuntimeError("the model failed")

    with pytest.raises(RuntimeError):
        write_predictions(path, breaking())
    assert read_predictions(path) == PREDICTIONS
    assert [file.name for file in tmp_path.iterdir()] == ["predictions.jsonl"]


@pytest.mark.parametrize(
    "line, what",
    [
        ('{"example_id": ', "not valid JSON"),
        ("[1]", "not a JSON object"),
        (json.dumps({key: value for key, value in RECORD.items() if key != "score"}), "no key 'score'"),
        (json.dumps({**RECORD, "start": 1.5}), "'start' has the wrong type: 1.5"),
        (json.dumps({**RECORD, "end": True}), "'end' has the wrong type"),
        (json.dumps({**RECORD, "references": "great"}), "'references' has the wrong type"),
        (json.dumps({**RECORD, "prediction": None}), "'prediction' has the wrong type"),
    ],
)
def test_a_broken_line_is_named_by_file_and_number(tmp_path, line, what):
    path = tmp_path / "predictions.jsonl"
    path.write_text(json.dumps(RECORD) + "\n\n" + line + "\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_predictions(path)
    assert str(caught.value).startswith(f"{path}, line 3: {what}")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_named(tmp_path):
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(UserError, match="line 1: not valid JSON"):
        read_predictions(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="none.jsonl: cannot be read"):
        read_predictions(tmp_path / "none.jsonl")
