"""Files of scores: what is written is read back, and what is broken is named."""

import gzip
import json

import numpy as np
import pytest

from holle_tf.distill.score_format import (
    LOGITS,
    EdgeScores,
    Header,
    ScoreLine,
    read_header,
    read_score_lines,
    write_score_file,
)
from pipelines.errors import UserError

HEADER = {"format": "span_scores", "version": 1, "values": "logits"}
ROW = {
    "example_id": "a", "document_sha256": "0" * 64,
    "start_offsets": [0, 4], "start_scores": [1.5, -2.0], "end_offsets": [3, 9], "end_scores": [0.0, 0.25],
}  # fmt: skip


def write(path, *rows, header=HEADER):
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in (header, *rows)))
    return path


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz", "parquet"])
def test_what_is_written_is_read_back(tmp_path, ending):
    half = np.array([-0.333, -7.125, 0.0], np.float16)
    edge = EdgeScores(np.array([2, 5, 9]), half)
    lines = [ScoreLine(f"e{i}", "train", "ab" * 32, edge, edge) for i in range(3)]
    path = tmp_path / f"scores.{ending}"
    write_score_file(path, Header(LOGITS, "MiniLM", 22), lines)
    first = path.read_bytes()
    assert read_header(path) == Header(LOGITS, "MiniLM", 22)
    found = list(read_score_lines(path))
    assert [line.example_id for line in found] == ["e0", "e1", "e2"] and found[0].split == "train"
    np.testing.assert_array_equal(found[1].end.offsets, edge.offsets)
    np.testing.assert_array_equal(found[1].end.scores.astype(np.float16), half)
    write_score_file(path, Header(LOGITS, "MiniLM", 22), lines)
    assert path.read_bytes() == first


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_the_scores_of_no_answer_are_read_back(tmp_path, ending):
    edge = EdgeScores(np.array([2]), np.array([0.5]))
    lines = [ScoreLine(f"e{i}", "dev", "ab" * 32, edge, edge, null=(i + 0.25, -1.5)) for i in range(2)]
    path = tmp_path / f"scores.{ending}"
    write_score_file(path, Header(LOGITS), lines)
    assert [line.null for line in read_score_lines(path)] == [(0.25, -1.5), (1.25, -1.5)]
    [plain] = read_score_lines(write(tmp_path / "plain.jsonl", ROW))
    assert plain.null is None


@pytest.mark.parametrize("null", [{"start_null": 1.0}, {"start_null": 1.0, "end_null": "x"},
                                  {"start_null": True, "end_null": 1.0}])  # fmt: skip
def test_broken_scores_of_no_answer_are_named(tmp_path, null):
    with pytest.raises(UserError, match=r"line 2 \(a\): '(start|end)_null' is not a number"):
        list(read_score_lines(write(tmp_path / "s.jsonl", {**ROW, **null})))


def test_scores_without_offsets_are_one_for_each_character(tmp_path):
    row = {"example_id": "a", "document_sha256": "0" * 64, "start_scores": [1, None, 3], "end_scores": [4, 5]}
    [line] = read_score_lines(write(tmp_path / "s.jsonl", row))
    assert line.start.offsets.tolist() == [0, 2] and line.start.scores.tolist() == [1, 3]
    assert line.end.offsets.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({**HEADER, "version": 2}, "version 2 of the format; this release reads version 1"),
        ({**HEADER, "values": "scores"}, "neither logits nor log_probabilities"),
        (ROW, "no header"),
        ("{", "no header"),
    ],
)
def test_another_header_is_named(tmp_path, header, said):
    with pytest.raises(UserError, match=said):
        read_header(write(tmp_path / "s.jsonl", ROW, header=header))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("{", "line 3: not valid JSON"),
        ("[]", "line 3: not an object"),
        ({**ROW, "example_id": 3}, "line 3: no text 'example_id'"),
        ({**ROW, "start_scores": [1.0]}, r"line 3 \(a\): 'start_scores' and 'start_offsets'"),
        ({**ROW, "end_offsets": [1.5, 2]}, "'end_scores' and 'end_offsets'"),
        ({**ROW, "end_scores": ["x", 2]}, "'end_scores' and 'end_offsets'"),
        ({**ROW, "start_scores": [float("nan"), 1]}, "'start_scores' has a value that is no number"),
        ({**ROW, "start_scores": [], "start_offsets": []}, "'start_scores' is empty"),
    ],
)
def test_a_broken_line_is_named(tmp_path, change, said):
    with pytest.raises(UserError, match=said):
        list(read_score_lines(write(tmp_path / "s.jsonl", ROW, change)))


def test_log_probabilities_that_sum_to_more_than_one_are_refused(tmp_path):
    header = {**HEADER, "values": "log_probabilities"}
    with pytest.raises(UserError, match="sum to more than 1"):
        list(read_score_lines(write(tmp_path / "s.jsonl", ROW, header=header)))


def test_a_cut_file_is_named(tmp_path):
    path = tmp_path / "s.jsonl.gz"
    packed = gzip.compress("\n".join(map(json.dumps, [HEADER, *[ROW] * 2000])).encode())
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(UserError, match="damaged"):
        list(read_score_lines(path))
