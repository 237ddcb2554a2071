"""What every reader makes its examples of, whatever its schema."""

import pytest

from pipelines.errors import UserError
from pipelines.example import Unusable
from pipelines.example_from_texts import answered, example_from_chat, histories, unanswered
from pipelines.options import DataConfig

DOCUMENT = "One two three four five six seven eight nine ten."
TEXTS = {"example_id": "7", "document": DOCUMENT, "query": "Which?"}


def test_the_answer_is_the_span_as_the_document_writes_it():
    example, repairs = answered(DataConfig(), **TEXTS, span="SEVEN eight", offset=28)
    assert (example.answer, example.answer_start) == ("seven eight", 28)
    assert example.document[example.answer_start : example.answer_end] == "seven eight"
    assert repairs == ["span differs in case, quotes or spaces"]
    assert (example.chat_id, example.source, example.has_answer) == ("7", "unknown", True)


def test_a_span_that_is_not_there_makes_the_record_unusable():
    with pytest.raises(Unusable, match="^span is not in the story$"):
        answered(DataConfig(), **TEXTS, span="eleven", document_name="the story")


def test_a_window_is_cut_around_the_answer_of_any_schema():
    config = DataConfig(setup="windows", window_words=4)
    example, _ = answered(config, **TEXTS, span="six seven", offset=24)
    assert len(example.document.split()) == 4 and example.document in DOCUMENT
    assert example.document[example.answer_start : example.answer_end] == "six seven"


def test_utterances_become_the_histories_of_both_sides():
    said = ["p1", "r1", "p2", "r2"]
    example, _ = answered(DataConfig(history_turns=1), **TEXTS, span="ten", utterances=said)
    assert (example.prober_history, example.responder_history) == ("p2", "r2")
    assert histories(["r0", " p1", "", "p2", "r2 "], 9) == ("p1 p2", "r0 r2")


def test_an_example_of_texts_alone_can_be_encoded_whatever_they_are():
    example = unanswered("half a pair \ud83d", 7, "p")
    assert (example.document, example.query) == ("half a pair \ufffd", "7")
    assert (example.prober_history, example.responder_history, example.has_answer) == ("p", "", False)


def test_a_chat_ends_with_its_query():
    chat = {"document": DOCUMENT, "chat": ["p1", "r1", "Which?"], "example_id": 3}
    example = example_from_chat(chat, DataConfig())
    assert (example.query, example.prober_history, example.responder_history) == ("Which?", "p1", "r1")
    assert (example.example_id, example.chat_id, example.has_answer) == ("3", "3", False)


@pytest.mark.parametrize(
    "chat, complaint",
    [
        ({"chat": ["Hello?"]}, "^chat: no document; add its text as 'document'$"),
        ({"document": DOCUMENT}, "^chat: no query"),
        ({"document": DOCUMENT, "chat": "Hello?"}, "no query"),
        ({"document": DOCUMENT, "chat": ["Hello?", " "], "example_id": "x"}, "^x: no query"),
        ("Hello?", "must be a JSON object"),
    ],
)
def test_an_incomplete_chat_is_refused(chat, complaint):
    with pytest.raises(UserError, match=complaint):
        example_from_chat(chat, DataConfig())
