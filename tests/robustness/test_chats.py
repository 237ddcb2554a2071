"""Chats of any content: an error of one line, or the same answer from a run and from its export."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holle_tf.runs.prediction import ChatPredictor
from holle_tf.runs.stream_prediction import answer_line, predict_stream
from tests.robustness.damage import JSON, ODD, damaged_bytes, damaged_json
from tests.robustness.fuzzing import REFUSED, answer_of, examples

onnx_backend = pytest.importorskip("holle_tf.serve.onnx_backend", reason="onnxruntime is not installed")
CHAT = {"document": "He left the film, it's good 😀. She stayed.", "chat": ["Hi", "Hello", "Who left?"]}
TEXTS = st.text(max_size=60) | st.sampled_from([value for value in ODD if isinstance(value, str)])


@pytest.fixture(scope="module")
def predictor(finished):
    return ChatPredictor(finished)


@pytest.fixture(scope="module")
def export(exported):
    """A reader of the export, as ``--mode=predict --export_dir`` has it."""
    from holle_tf.serve.export_reader import ExportReader

    return ExportReader(exported, threads=1)


def check_spans(document, answer):
    for start, end, score in answer.spans:
        assert 0 <= start < end <= len(document) and 0 < score <= 1 + 1e-6
    scores = [span.score for span in answer.spans]
    assert scores == sorted(scores, reverse=True)


@examples(15)
@given(document=TEXTS, chat=st.lists(TEXTS, min_size=1, max_size=4))
def test_a_run_and_its_export_answer_any_text_alike(predictor, export, document, chat):
    example = answer_of(lambda: predictor.example({"document": document, "chat": chat}))
    if example is REFUSED:
        return
    [by_run], [by_export] = predictor.read([example]), export.read([example])
    check_spans(example.document, by_run)
    assert by_run.token_starts.tolist() == by_export.token_starts.tolist()
    assert np.allclose(by_run.start_probabilities, by_export.start_probabilities, atol=1e-5)
    assert np.allclose(by_run.end_probabilities, by_export.end_probabilities, atol=1e-5)
    assert np.allclose([s.score for s in by_run.spans], [s.score for s in by_export.spans], atol=1e-5)


@examples(150)
@given(data=st.data())
def test_a_damaged_chat_is_refused_or_answered_within_its_document(export, data):
    [chat, *_] = data.draw(damaged_json([CHAT]).filter(bool))
    example = answer_of(lambda: export.example(chat))
    if example is not REFUSED:
        [answer] = export.read([example])
        check_spans(example.document, answer)


@examples(25)
@given(data=st.data())
def test_broken_lines_among_many_do_not_change_the_other_answers(export, tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "lines"
    folder.mkdir(exist_ok=True)
    chats = [{**CHAT, "example_id": f"e{number}"} for number in range(4)]
    lines = [json.dumps(chat, ensure_ascii=False).encode() for chat in chats]
    [alone] = export.read([export.example(CHAT)])
    expected = answer_line(export.example(CHAT), alone)
    at = data.draw(st.integers(0, 4))
    broken = data.draw(damaged_bytes(lines[0]) | JSON.map(lambda value: json.dumps(value).encode()))
    broken = broken.replace(b"\n", b" ")
    lines.insert(at, broken if broken.strip() else b"{")
    (folder / "in.jsonl").write_bytes(b"\n".join(lines))
    predict_stream(export, str(folder / "in.jsonl"), folder / "out.jsonl", {"n": 1})
    found = [json.loads(line) for line in (folder / "out.jsonl").read_bytes().split(b"\n") if line]
    assert len(found) == 5
    del found[at]
    for number, line in enumerate(found):
        assert line["example_id"] == f"e{number}" and line["prediction"] == expected["prediction"]
        assert np.allclose(
            [s["score"] for s in line["n_best"]], [s["score"] for s in expected["n_best"]], atol=1e-6
        )
