"""Damaged exports: one line of error, or the same answers as before."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.example_from_texts import unanswered
from tests.robustness.damage import damaged_bytes, damaged_json, with_odd_values
from tests.robustness.fuzzing import REFUSED, answer_of, examples

onnx_backend = pytest.importorskip("holle_tf.serve.onnx_backend", reason="onnxruntime is not installed")
CHATS = [
    unanswered("He left the film. She stayed, it's good.", "Who left?"),
    unanswered("A film.", "", "a", "b"),
]


def answers_of(folder):
    return [answer.spans for answer in onnx_backend.OnnxBackend(folder).read(CHATS)]


@pytest.fixture(scope="module")
def whole(exported):
    return answers_of(exported)


@examples(60)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_does_not_change_an_answer(exported, fresh_copy, whole, data):
    folder = fresh_copy(exported)
    path = folder / data.draw(st.sampled_from(sorted(path.name for path in exported.iterdir())))
    path.write_bytes(data.draw(damaged_bytes(path.read_bytes())))
    found = answer_of(lambda: answers_of(folder))
    assert found is REFUSED or found == whole


@examples(40)
@given(data=st.data())
def test_a_card_with_other_values_is_refused_or_does_not_change_an_answer(exported, fresh_copy, whole, data):
    folder = fresh_copy(exported)
    card = folder / "model_card.json"
    card.write_text(json.dumps(data.draw(damaged_json([json.loads(card.read_text())]))))
    found = answer_of(lambda: answers_of(folder))
    assert found is REFUSED or found == whole


def test_any_odd_value_in_the_rules_of_an_unchecked_export_is_refused_or_answers(exported, fresh_copy):
    folder = fresh_copy(exported)
    (folder / "model_card.json").unlink()  # as of an export from before digests were recorded
    rules = folder / "tokenizer.json"
    of_readers = ("last_words", "unknown_id", "max_span", "n_best", "keys")
    whole = json.loads(rules.read_text())
    for _, read in with_odd_values({name: whole[name] for name in of_readers if name in whole}):
        rules.write_text(
            json.dumps({**{name: whole[name] for name in whole if name not in of_readers}, **read})
        )
        answer_of(lambda: answers_of(folder))
