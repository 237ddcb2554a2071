import gzip
import json

import pytest

from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.references import counts_line, read_references, score_with_references
from holle_tf.evaluate.scores import token_f1
from pipelines.errors import UserError


def _prediction(example_id, text, answer):
    return SpanPrediction(example_id, text, 0, 1, 0.5, [answer], 100 * token_f1(text, answer))


def _write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_best_reference_counts_and_the_span_of_the_data_is_one_of_them(tmp_path):
    file = _write(
        tmp_path / "m.json",
        {
            "ts_1_0": {"responses": ["It made 20 million"], "spans": ["a great film", "Cube"]},
            "ts_1_1": {"responses": [], "spans": ["nothing alike"]},
            "ts_9_9": {"responses": ["?"], "spans": ["of no example"]},
        },
    )
    predictions = [
        _prediction("ts_1_0", "cube", "Moon"),
        _prediction("ts_1_1", "moon", "Moon"),
        _prediction("ts_1_2", "alone", "other"),
    ]
    references = read_references(file)
    found = score_with_references(predictions, references)
    assert {name: found[name] for name in ("examples", "without", "unknown")} == {
        "examples": 2, "without": 1, "unknown": 1,
    }  # fmt: skip
    assert found["single"]["f1"] == pytest.approx(50.0)
    assert found["multi"]["f1"] == pytest.approx(100.0)
    assert found["multi"]["em"] == pytest.approx(100.0)
    said = counts_line(references, found)
    assert "2 examples have further references, 1 have none; 1 ids" in said


def test_numbers_are_spelled_out_and_empty_spans_left_out(tmp_path):
    file = _write(
        tmp_path / "m.json",
        {
            "a": {"spans": [1998, "1998", 8.5, " ", float("nan")], "responses": []},
            "b": {"spans": [""], "responses": [""]},
        },
    )
    references = read_references(file)
    assert references.spans == {"a": ["1998", "8.5"]}
    assert (references.numbers, references.empty) == (2, 3)
    assert "2 spans are numbers" in counts_line(references, {"examples": 0, "without": 0, "unknown": 1})


def test_a_compressed_file_is_read(tmp_path):
    path = tmp_path / "m.json.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        json.dump({"ts_1_0": {"spans": ["café"]}}, file)
    assert read_references(path).spans == {"ts_1_0": ["café"]}


def test_where_no_example_has_references_there_are_only_counts(tmp_path):
    references = read_references(_write(tmp_path / "m.json", {"ts_1_0": {"spans": ["x"]}}))
    found = score_with_references([_prediction("dv_1_0", "a", "b")], references)
    assert found == {
        "examples": 0, "without": 1, "unknown": 1, "digest": references.digest
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not the JSON"),
        ("[]", "found a list"),
        ('{"ts_1_0": ["x"]}', "ts_1_0: no list of spans"),
        ('{"ts_1_0": {"responses": ["x"]}}', "ts_1_0: no list of spans"),
        ('{"ts_1_0": {"spans": "x"}}', "ts_1_0: no list of spans"),
        ('{"ts_1_0": {"spans": ["x", null]}}', "ts_1_0: null is not a span"),
        ('{"ts_1_0": {"spans": [true]}}', "ts_1_0: true is not a span"),
    ],
)
def test_a_broken_file_is_one_line_with_the_record(tmp_path, content, said):
    file = _write(tmp_path / "broken.json", content)
    with pytest.raises(UserError, match="broken.json") as caught:
        read_references(file)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_or_one_that_is_cut_off_is_named(tmp_path):
    with pytest.raises(UserError, match="--multi_reference"):
        read_references(tmp_path / "nowhere.json")
    path = tmp_path / "cut.json.gz"
    path.write_bytes(gzip.compress(b'{"ts_1_0": {"spans": ["x"]}}')[:-9])
    with pytest.raises(UserError, match="cut.json.gz"):
        read_references(path)
