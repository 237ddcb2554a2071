"""Many chats: their order, their ids, faults, batches, and what an interruption leaves."""

import gzip
import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from holle_tf.evaluate.answers import Answer, AnswerSpan
from holle_tf.runs import stream_prediction
from holle_tf.runs.stream_prediction import predict_stream
from pipelines.errors import UserError
from pipelines.example_from_texts import example_from_chat
from pipelines.options import DataConfig


class FirstWord:
    """Answers with the first word of the document; counts what it reads."""

    def __init__(self, stop_after=None):
        self.batches, self._stop_after = [], stop_after

    def example(self, chat):
        return example_from_chat(chat, DataConfig())

    def read(self, examples):
        if self._stop_after is not None and sum(map(len, self.batches)) >= self._stop_after:
            raise KeyboardInterrupt
        self.batches.append([len(example.document) for example in examples])
        lengths = [len(example.document.split()[0]) for example in examples]
        return [Answer([AnswerSpan(0, length, 0.5)], *[np.zeros(0)] * 4) for length in lengths]


def chats(count, **more):
    return [{"example_id": f"e{i}", "document": f"w{i} " + "x " * (7 * i % 50), "chat": ["what?"], **more}
            for i in range(count)]  # fmt: skip


def lines(path, values):
    path.write_text("".join((v if isinstance(v, str) else json.dumps(v)) + "\n" for v in values))
    return str(path)


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def small(monkeypatch):
    """Windows of eight chats, batches of three."""
    monkeypatch.setattr(stream_prediction, "WINDOW", 8)
    monkeypatch.setattr(stream_prediction, "MOST_ROWS", 3)


def test_answers_come_in_the_order_of_the_chats_with_their_ids(small, tmp_path):
    given = chats(20)
    given[4]["example_id"] = 17
    del given[5]["example_id"]
    model, output = FirstWord(), tmp_path / "out" / "answers.jsonl"
    assert predict_stream(model, lines(tmp_path / "in.jsonl", given), output, {}) == (20, 0)
    found = read(output)
    assert [line["prediction"] for line in found] == [f"w{i}" for i in range(20)]
    assert [line["example_id"] for line in found[3:7]] == ["e3", 17, "line 6", "e6"]
    assert found[0]["n_best"] == [{"text": "w0", "start_char": 0, "end_char": 2, "score": 0.5}]
    assert [path.name for path in output.parent.iterdir()] == ["answers.jsonl"]
    assert all(batch == sorted(batch, reverse=True) and len(batch) <= 3 for batch in model.batches)


def test_a_batch_holds_no_more_characters_than_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(stream_prediction, "MOST_CHARACTERS", 100)
    model = FirstWord()
    predict_stream(model, lines(tmp_path / "in.jsonl", chats(40)), tmp_path / "out.jsonl", {})
    assert all(len(batch) == 1 or len(batch) * max(batch) <= 100 for batch in model.batches)
    assert sum(map(len, model.batches)) == 40 and max(map(len, model.batches)) > 1


def test_broken_chats_are_reported_by_their_lines_and_the_others_answered(small, tmp_path, caplog):
    given = chats(6)
    given[2:2] = ["{broken", "", "[1]", {"example_id": "no", "chat": ["q"]}]
    source, output = lines(tmp_path / "in.jsonl", given), tmp_path / "out.jsonl"
    assert predict_stream(FirstWord(), source, output, {}) == (9, 3)
    found = read(output)
    assert [line.get("prediction") for line in found] == [
        "w0",
        "w1",
        None,
        None,
        None,
        "w2",
        "w3",
        "w4",
        "w5",
    ]
    assert [line["where"] for line in found[2:5]] == ["line 3", "line 5", "line 6"]
    assert found[2]["example_id"] == "line 3" and "not valid JSON" in found[2]["error"]
    assert found[4]["example_id"] == "no" and "document" in found[4]["error"]
    assert any("line 3: not valid JSON" in message for message in caplog.messages)
    with pytest.raises(UserError, match="line 3: not valid JSON"):
        predict_stream(FirstWord(), source, tmp_path / "strict.jsonl", {}, strict=True)
    assert not (tmp_path / "strict.jsonl").exists()


def test_an_interrupted_prediction_goes_on(small, tmp_path):
    given = ["{broken", *chats(29)]
    source, output = lines(tmp_path / "in.jsonl", given), tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        predict_stream(FirstWord(stop_after=17), source, output, {"weights": "a"})
    partial = tmp_path / "out.jsonl.partial"
    assert len(read(partial)) == 16 and not output.exists()
    with open(partial, "a") as file:
        file.write('{"example_id": "e15", "pred')  # the power failed while it was being written
    model = FirstWord()
    assert predict_stream(model, source, output, {"weights": "a"}) == (30, 1)
    assert sum(map(len, model.batches)) == 14
    whole = tmp_path / "whole.jsonl"
    predict_stream(FirstWord(), source, whole, {"weights": "a"})
    assert output.read_bytes() == whole.read_bytes() and not partial.exists()


@pytest.mark.parametrize("change", ["weights", "input"])
def test_answers_of_another_run_or_input_are_not_gone_on_with(small, tmp_path, change):
    source, output = lines(tmp_path / "in.jsonl", chats(20)), tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        predict_stream(FirstWord(stop_after=9), source, output, {"weights": "a"})
    if change == "input":
        lines(tmp_path / "in.jsonl", chats(21))
    model = FirstWord()
    total = predict_stream(model, source, output, {"weights": "b" if change == "weights" else "a"}).chats
    assert sum(map(len, model.batches)) == total == (21 if change == "input" else 20)


def test_a_folder_is_read_file_by_file(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    lines(folder / "b.jsonl", [*chats(2), "{"])
    (folder / "a.json").write_text(json.dumps(chats(3)))
    with gzip.open(folder / "c.jsonl.gz", "wt") as file:
        file.write(json.dumps(chats(1)[0]) + "\n")
    (folder / "notes.txt").write_text("not read")
    output = tmp_path / "out.jsonl.gz"
    assert predict_stream(FirstWord(), str(folder), output, {}) == (7, 1)
    with gzip.open(output, "rt") as file:
        found = [json.loads(line) for line in file]
    assert [line.get("prediction") for line in found] == ["w0", "w1", "w2", "w0", "w1", None, "w0"]
    assert found[5]["where"] == "b.jsonl, line 3"


def test_standard_input_is_read(tmp_path, monkeypatch):
    content = "".join(json.dumps(chat) + "\n" for chat in chats(5)).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert predict_stream(FirstWord(), "-", tmp_path / "out.jsonl", {}) == (5, 0)


def test_texts_that_are_not_unicode_are_escaped(tmp_path):
    chat = {"example_id": "\ud800", "document": "a\udfff b", "chat": ["q"]}
    predict_stream(FirstWord(), lines(tmp_path / "in.jsonl", [chat]), tmp_path / "out.jsonl", {})
    [found] = read(tmp_path / "out.jsonl")
    assert found["example_id"] == "\ud800" and found["prediction"] == "a\ufffd"


def test_an_input_without_chats_gives_an_empty_file(tmp_path):
    assert predict_stream(FirstWord(), lines(tmp_path / "in.jsonl", []), tmp_path / "out.jsonl", {}) == (0, 0)
    assert (tmp_path / "out.jsonl").read_text() == ""


@pytest.mark.parametrize("source", ["nowhere.jsonl", ""])
def test_an_input_that_is_not_there_is_one_line(tmp_path, source):
    with pytest.raises(UserError, match="--input="):
        predict_stream(
            FirstWord(), str(tmp_path / source) if source else str(tmp_path), tmp_path / "o" / "o", {}
        )
