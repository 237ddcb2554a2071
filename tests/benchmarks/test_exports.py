import json
import os

import numpy as np
import pytest

from benchmarks.export_scores import Scored, best_span, compared, complaints
from benchmarks.export_tables import TABLES
from benchmarks.export_teachers import teacher_row, teachers_beside
from benchmarks.exports import Report, checked_card
from benchmarks.report import fill
from holle_tf.config import to_yaml
from holle_tf.config_sources import load_config
from pipelines.errors import UserError

ROW = {
    "bytes": 900_000,
    "bytes_without_vectors": 300_000,
    "start_seconds": 0.31,
    "ms": {"256": 1.24, "1200": 5.5},
    "memory_mb": 101.0,
    "f1": 39.2,
    "same_spans": 1.0,
    "largest_difference": 2e-7,
}
TEACHER = {key: ROW[key] for key in ("bytes_without_vectors", "start_seconds", "ms", "memory_mb")}
TRAINED = {**TEACHER, "bytes": 1_200_000, "f1": 74.0}
RESULT = {
    "command": "python -m benchmarks.exports",
    "machine": {"cpu": "a CPU", "cores": 2},
    "result": {
        "examples": 600, "words": 1386, "keras_f1": 39.24,
        "rows": {"ONNX, int8": ROW, "bidaf": TEACHER, "own": TRAINED},
        "pruned": [{"max_words": 300, "hash_buckets": 50, "vector_bytes": 140_800, "f1": 30.0}],
    },
}  # fmt: skip


def test_the_best_span_is_that_of_all_pairs():
    rng = np.random.default_rng(0)
    for length in (1, 3, 12):
        start, end = rng.random(length), rng.random(length)
        pairs = [(start[i] * end[j], i, j) for i in range(length) for j in range(i, min(i + 4, length))]
        assert best_span(start, end, 4) == max(pairs)[1:]


def test_every_table_of_exports_has_its_rows():
    page = "".join(f"<!-- {mark} -->\n<!-- end -->\n" for mark in TABLES)
    filled = fill(page, {"exports": RESULT}, TABLES)
    assert "| ONNX, int8 | 900 | 300 | 0.3 | 1.2 | 5.5 | 101 | 39.20 |" in filled
    assert "| bidaf | - | 300 |" in filled
    assert "| own | 1,200 | 300 | 0.3 | 1.2 | 5.5 | 101 | 74.00 |" in filled
    assert filled.count("| own |") == 1  # its F1 is its own, not one to compare with the student's
    assert "| ONNX, int8 | 2.0e-07 | 100.0% | -0.04 |" in filled
    assert "| 300 | 50 | 141 | 30.00 |" in filled


def _scored(spans, likely):
    rows = [{f"{edge}_probabilities": np.array([value]) for edge in ("start", "end")} for value in likely]
    return Scored(spans, 50.0, rows)


def test_exports_are_compared_span_by_span_and_by_the_worst_probability():
    found = compared(_scored([(0, 1), (2, 2)], [0.5, 0.1]), _scored([(0, 1), (2, 3)], [0.5, 0.4]))
    assert found == {"f1": 50.0, "same_spans": 0.5, "largest_difference": pytest.approx(0.3)}


@pytest.mark.parametrize(
    ("title", "change", "words"),
    [
        ("ONNX, float32", {}, None),
        ("ONNX, float32", {"largest_difference": 2e-4}, "probability"),
        ("TFLite, int8", {"largest_difference": 2e-2, "same_spans": 0.95}, None),
        ("TFLite, int8", {"same_spans": 0.5}, "the same in only 50.0%"),
        ("SavedModel, float16 word vectors", {"f1": 38.0}, "loses 1.24 F1"),
        ("ONNX, float32", {"halves": ROW}, None),
        ("ONNX, float32", {"halves": {**ROW, "f1": 38.0}}, "in halves: loses 1.24 F1"),
    ],
)
def test_what_is_not_the_student_is_complained_about(title, change, words):
    said = complaints({title: {**ROW, **change}, "bidaf": TRAINED}, 39.24)
    assert len(said) == (words is not None)
    assert not said or (words in said[0] and said[0].startswith(title))


def test_what_was_measured_is_not_measured_again(tmp_path):
    first = Report(tmp_path / "rows.json", {"run": "a"})
    first.add(first.values["rows"], "ONNX", lambda: {"bytes": 1})
    again = Report(tmp_path / "rows.json", {"run": "a"})
    assert again.add(again.values["rows"], "ONNX", lambda: pytest.fail("made twice")) == {"bytes": 1}
    with pytest.raises(UserError, match="choose another --keep"):
        Report(tmp_path / "rows.json", {"run": "b"})


def _run(folder, model, data, result):
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(to_yaml(load_config(flags={"model": model})))
    (folder / "identity.json").write_text(json.dumps({"data": data}))
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "best.weights.h5").write_bytes(b"12345")
    (folder / "metrics.jsonl").write_text("")
    if result:
        (folder / "result.json").write_text(json.dumps(result))
    return folder


def test_teachers_beside_a_student_are_the_newest_finished_ones_of_its_data(tmp_path):
    result = {"parameters": 7, "scores": {"test": {"f1": 74.0}}}
    student = _run(tmp_path / "sd" / "sam-1", "sam", "d", result)
    new = _run(tmp_path / "sd" / "qanet-2", "qanet", "d", result)
    old = _run(tmp_path / "sd" / "qanet-1", "qanet", "d", result)
    os.utime(old / "metrics.jsonl", (1, 1))  # its result.json is newer, because it was evaluated again
    unfinished = _run(tmp_path / "sd" / "bidaf-1", "bidaf", "d", None)
    elsewhere = _run(tmp_path / "ld" / "qanet-3", "qanet", "other", result)
    assert teachers_beside(student) == [new]
    title, row = teacher_row(new, student)
    assert title == "QANeT of these data, 7 parameters"
    assert row == {"bytes": 5, "bytes_without_vectors": 28, "f1": 74.0}
    for wrong, words in ((unfinished, "no finished"), (elsewhere, "other data"), (student, "no finished")):
        with pytest.raises(UserError, match=words):
            teacher_row(wrong, student)


def test_a_card_that_is_missing_or_wrong_is_an_error(tmp_path):
    with pytest.raises(UserError, match="needs its model card"):
        checked_card(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"123")
    card = {"sizes": {"model.onnx": 3}, "scores": {"f1": {"value": 62.67}}}
    (tmp_path / "model_card.json").write_text(json.dumps(card))
    (tmp_path / "model_card.md").write_text("F1 62.7")
    assert checked_card(tmp_path) == {"model.onnx": 3}
    (tmp_path / "model_card.md").write_text("no number")
    with pytest.raises(UserError, match="no scores"):
        checked_card(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"1234")
    with pytest.raises(UserError, match="the files have"):
        checked_card(tmp_path)
