"""Chats that a run answers."""

import json

import pytest

from holle_tf.runs.prediction import ChatPredictor, predict_file
from pipelines.errors import UserError
from pipelines.example_from_texts import example_from_chat


def test_a_chat_from_a_file_gives_spans_cut_from_its_document(tiny, student_run, tmp_path, capsys):
    document = "The  film — a “gem” — cost $2.8 million. I loved the ending;\tit was café-sad."
    file = tmp_path / "chat.json"
    file.write_text(json.dumps({"document": document, "chat": ["Hi", "Hello", "What did it cost?"]}))
    found = predict_file(student_run, str(file))
    listed = predict_file(student_run, str(file), tiny("evaluation.n_best=2"))["n_best"]
    assert [span["text"] for span in listed] == [span["text"] for span in found["n_best"][:2]]
    assert found["prediction"] in document
    scores = [span["score"] for span in found["n_best"]]
    assert scores == sorted(scores, reverse=True) and 0 < sum(scores) <= 1.0 + 1e-5
    assert len({(span["start_char"], span["end_char"]) for span in found["n_best"]}) == len(scores)
    for span in found["n_best"]:
        assert document[span["start_char"] : span["end_char"]] == span["text"]
    assert "What did it cost?" in capsys.readouterr().out


def test_a_chat_can_have_a_very_long_document_and_no_history(student_run):
    predictor = ChatPredictor(student_run)
    chat = {"document": "word " * 20_000 + "end.", "chat": ["what?"]}
    spans = predictor.spans(example_from_chat(chat, predictor.config.data))
    assert spans and all(0 <= start < end <= len(chat["document"]) for start, end, _ in spans)


@pytest.mark.parametrize(
    ("content", "said"), [("{", "JSON"), ("{}", "document"), ('{"document": "a b"}', "query")]
)
def test_a_broken_chat_is_reported_with_its_file(student_run, tmp_path, content, said):
    file = tmp_path / "broken.json"
    file.write_text(content)
    with pytest.raises(UserError, match="broken.json") as caught:
        predict_file(student_run, str(file))
    assert said in str(caught.value)
    with pytest.raises(UserError, match="missing.json"):
        predict_file(student_run, str(tmp_path / "missing.json"))
