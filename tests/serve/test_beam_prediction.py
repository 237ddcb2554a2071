"""Chats that a Beam pipeline answers: file for file those without Beam."""

import functools
import json

import numpy as np
import pytest

pytest.importorskip("apache_beam", reason="Apache Beam is optional: requirements-beam.txt")

from holle_tf.evaluate.answers import Answer, AnswerSpan
from holle_tf.runs.stream_prediction import predict_stream
from holle_tf.serve.beam_prediction import output_name, predict_files
from pipelines.errors import UserError
from pipelines.example_from_texts import example_from_chat
from pipelines.options import DataConfig


class FirstWords:
    """Answers with the first characters of the document."""

    def __init__(self, characters):
        self._characters = characters

    def example(self, chat):
        return example_from_chat(chat, DataConfig())

    def read(self, examples):
        return [Answer([AnswerSpan(0, self._characters, 0.5)], *[np.zeros(0)] * 4) for _ in examples]


def write(path, number, *more):
    chats = [
        {"example_id": f"{path.name}{i}", "document": f"some words {i}", "chat": ["q"]} for i in range(number)
    ]
    path.write_text("\n".join([*map(json.dumps, chats), *more]) + "\n")


def test_the_answers_of_each_file_are_those_without_beam(tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name, number in (("a.jsonl", 30), ("b.jsonl", 3), ("c.json", 2)):
        write(source / name, number, *(["{broken"] if name == "b.jsonl" else []))
    found = predict_files(functools.partial(FirstWords, 4), str(source), output, {"weights": "a"}, [])
    assert found == (36, 1)
    assert sorted(path.name for path in output.iterdir()) == ["a.jsonl", "b.jsonl", "c.jsonl"]
    for file in source.iterdir():
        alone = tmp_path / "alone.jsonl"
        predict_stream(FirstWords(4), str(file), alone, {})
        assert (output / output_name(file)).read_bytes() == alone.read_bytes()


def test_two_files_are_not_answered_into_one(tmp_path):
    for name in ("a.json", "a.jsonl"):
        write(tmp_path / name, 1)
    with pytest.raises(UserError, match="2 files would be answered into"):
        predict_files(functools.partial(FirstWords, 4), str(tmp_path), tmp_path / "out", {}, [])


def test_a_pipeline_that_fails_is_one_error(tmp_path):
    write(tmp_path / "a.jsonl", 2, "{broken")
    with pytest.raises(UserError, match="line 3: not valid JSON"):
        predict_files(
            functools.partial(FirstWords, 4), str(tmp_path / "a.jsonl"), tmp_path / "out", {}, [], strict=True
        )
