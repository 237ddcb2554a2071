"""Damaged run folders: one line of error, or the same answers as before."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holle_tf.evaluate.predictions import read_predictions
from holle_tf.runs.prediction import ChatPredictor
from holle_tf.runs.run_folder import RunFolder
from tests.robustness.damage import damaged_bytes, damaged_json, with_odd_values
from tests.robustness.fuzzing import REFUSED, answer_of, examples

CHAT = {"document": "He left the film. She stayed.", "chat": ["Hi", "Hello", "Who left?"]}
DECISIVE = ("checkpoints/best.weights.h5", "config.yaml", "vocab.txt", "chars.txt")
NOTES = ("identity.json", "metrics.jsonl", "predictions.jsonl", "result.json")  # what else is in a run


def answers_of(run):
    predictor = ChatPredictor(run)
    return predictor.spans(predictor.example(CHAT))


def notes_of(run):
    """What the report and the evaluation read of a run besides its model."""
    return run.identity(), run.result(), run.epochs(), read_predictions(run.path / "predictions.jsonl")


@pytest.fixture(scope="module")
def whole(finished):
    return answers_of(finished)


@examples(40)
@given(data=st.data())
def test_a_damaged_file_that_decides_an_answer_is_refused(finished, fresh_copy, data):
    run = RunFolder(fresh_copy(finished.path))
    path = run.path / data.draw(st.sampled_from(DECISIVE))
    path.write_bytes(data.draw(damaged_bytes(path.read_bytes())))
    assert answer_of(lambda: answers_of(run)) is REFUSED


@examples(5)
@given(data=st.data())
def test_another_damaged_file_is_refused_or_does_not_change_an_answer(finished, fresh_copy, whole, data):
    run = RunFolder(fresh_copy(finished.path))
    path = run.path / data.draw(st.sampled_from(NOTES))
    path.write_bytes(data.draw(damaged_bytes(path.read_bytes())))
    found = answer_of(lambda: answers_of(run))
    assert found is REFUSED or found == whole


@examples(150)
@given(data=st.data())
def test_damaged_notes_are_refused_or_read(finished, fresh_copy, data):
    run = RunFolder(fresh_copy(finished.path))
    path = run.path / data.draw(st.sampled_from(NOTES))
    path.write_bytes(data.draw(damaged_bytes(path.read_bytes())))
    answer_of(lambda: notes_of(run))


@examples(100)
@given(data=st.data())
def test_notes_with_other_values_are_refused_or_read(finished, fresh_copy, data):
    run = RunFolder(fresh_copy(finished.path))
    path = run.path / data.draw(st.sampled_from(NOTES))
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.suffix == ".jsonl" else None
    changed = data.draw(damaged_json(lines or [json.loads(path.read_text())]))
    path.write_text("\n".join(map(json.dumps, changed)))
    answer_of(lambda: notes_of(run))


def test_brackets_and_numbers_without_end_in_predictions_are_refused(finished, fresh_copy):
    path = RunFolder(fresh_copy(finished.path)).path / "predictions.jsonl"
    first = json.loads(path.read_text().splitlines()[0])
    for line in ("[" * 100_000, json.dumps({**first, "score": 10**400})):
        path.write_text(line)
        assert answer_of(lambda: read_predictions(path)) is REFUSED


def test_any_odd_value_in_a_result_is_refused_or_read(finished, fresh_copy):
    run = RunFolder(fresh_copy(finished.path))
    for _, result in with_odd_values(finished.result()):
        (run.path / "result.json").write_text(json.dumps(result))
        answer_of(lambda: (run.result(), run.check_files()))
