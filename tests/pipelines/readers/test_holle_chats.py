import pytest

from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.readers.holle import example_to_predict

TEXT = "Frank’s mother left. He cashes 2.5 million in cheques."


def record(**history):
    """A Holl-E record without a span; a key whose value is None is left out."""
    whole = {"mixed": TEXT, "query": "What does he do?", **history}
    return {key: value for key, value in whole.items() if value is not None}


# History


@pytest.mark.parametrize(
    "full, short, prober, responder",
    [
        (["p1", "r1", "p2", "r2"], ["p2", "r2"], "p1 p2", "r1 r2"),
        (["r0", "p1", "r1"], ["p1", "r1"], "p1", "r0 r1"),  # the other speaker began
        (["p1", "r1"], ["p1", "r1"], "p1", "r1"),
        (["r1"], ["r1"], "", "r1"),
        (["NH"], ["NH"], "", ""),
        (["NH"], ["NH", "NH"], "", ""),
        ([], [], "", ""),
        (None, None, "", ""),
        (None, ["p1", "r1"], "p1", "r1"),
        ("not a list", ["p1", "r1"], "p1", "r1"),
        ([], ["p1", "r1"], "p1", "r1"),
        (["p1", None, "p2", 8], ["p2", 8], "p1 p2", "8"),  # a missing utterance keeps its turn
        ([" p1 ", "r1\n"], None, "p1", "r1"),
        (["p1", "r1", "What does he do?"], ["p1", "r1"], "p1", "r1"),  # ends with the query
        (["p1", "r1", "What does he do?"], None, "p1", "r1"),
        (
            ["p1", "What does he do?"],
            ["p1", "What does he do?"],
            "p1",
            "What does he do?",
        ),  # really said before
    ],
)
def test_sides_alternate_backwards_from_the_query(full, short, prober, responder):
    example = example_to_predict(record(full_history=full, short_history=short), DataConfig())
    assert (example.prober_history, example.responder_history) == (prober, responder)


@pytest.mark.parametrize(
    "turns, prober, responder",
    [(0, "", ""), (1, "p3", "r3"), (2, "p2 p3", "r2 r3"), (9, "p1 p2 p3", "r1 r2 r3")],
)
def test_so_many_turns_of_each_side_are_kept(turns, prober, responder):
    said = ["p1", "r1", "p2", "r2", "p3", "r3"]
    example = example_to_predict(record(full_history=said), DataConfig(history_turns=turns))
    assert (example.prober_history, example.responder_history) == (prober, responder)


def test_speakers_decide_the_sides_where_every_utterance_has_one():
    said = [("1", "p1"), ("2", "r1"), ("2", "r1 again"), ("1", "p2"), ("2", "r2")]
    for names in (("speaker", "text"), ("role", "content"), ("from", "value"), ("author", "body")):
        history = [dict(zip(names, turn)) for turn in said]
        example = example_to_predict(record(full_history=history), DataConfig())
        assert (example.prober_history, example.responder_history) == ("p1 p2", "r1 r1 again r2")
    alone = [{"speaker": "1", "text": text} for text in ("p1", "r1")]
    example = example_to_predict(record(full_history=alone), DataConfig())
    assert (example.prober_history, example.responder_history) == ("p1", "r1")


def test_the_messages_of_a_system_are_not_said_and_parts_of_a_message_are_joined():
    parts = [{"type": "text", "text": "p1"}, {"type": "image_url"}, {"type": "text", "text": "too"}]
    history = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": parts},
        {"role": "assistant", "content": "r1"},
    ]
    example = example_to_predict(record(history=history), DataConfig())
    assert (example.prober_history, example.responder_history) == ("p1 too", "r1")


@pytest.mark.parametrize("history", ["said", [["A", "said"]], [{"who": "said"}], [{"text": {}}], 7])
def test_a_history_that_cannot_be_read_is_refused(history):
    with pytest.raises(UserError, match="chat: 'full_history' is not a list of texts"):
        example_to_predict(record(full_history=history), DataConfig())


# Chats to predict


@pytest.mark.parametrize(
    "said",
    [
        {"query": "And then?", "chat": ["p1", "r1"]},
        {"query": "And then?", "chat": ["p1", "r1", "And then?"]},
        {"query": "And then?", "history": ["p1", "r1"]},
        {"query": "And then?", "prober_history": "p1", "responder_history": "r1"},
        {"query": "And then?", "prober_history": ["p1"], "responder_history": ["r1"]},
        {"chat": [{"role": "user", "content": "p1"}, {"role": "assistant", "content": "r1"}, "And then?"]},
        {"query": "And then?", "full_history": ["p1", "r1"], "chat": ["the", "whole", "conversation"]},
    ],
)
def test_every_form_of_a_chat_is_read(said):
    example = example_to_predict({"document": TEXT, **said}, DataConfig())
    found = (example.query, example.prober_history, example.responder_history)
    assert found == ("And then?", "p1", "r1")


def test_two_messages_in_a_row_leave_the_other_side_silent():
    chat = [{"role": "user", "content": text} for text in ("p1", "And then?")]
    example = example_to_predict({"document": TEXT, "chat": chat}, DataConfig())
    assert (example.prober_history, example.responder_history) == ("p1", "")
    chat = [{"speaker": "A", "text": text} for text in ("p1", "r1", "And then?")]  # which tells nothing
    example = example_to_predict({"document": TEXT, "chat": chat}, DataConfig())
    assert (example.prober_history, example.responder_history) == ("p1", "r1")


def test_a_chat_ends_with_its_query():
    example = example_to_predict(
        {"document": TEXT, "chat": ["p1", "r1", "p2", "r2", "And then?"]}, DataConfig()
    )
    assert (example.document, example.query) == (TEXT, "And then?")
    assert (example.prober_history, example.responder_history) == ("p1 p2", "r1 r2")
    assert not example.has_answer
    assert (example.answer, example.answer_start, example.answer_end) == ("", 0, 0)


def test_a_chat_of_one_utterance_has_no_history():
    example = example_to_predict({"document": TEXT, "chat": ["Hello?"]}, DataConfig())
    assert (example.query, example.prober_history, example.responder_history) == ("Hello?", "", "")


@pytest.mark.parametrize(
    "chat, complaint",
    [
        ({"chat": ["Hello?"]}, "no document"),
        ({"document": " ", "chat": ["Hello?"]}, "no document"),
        ({"document": TEXT}, "no query"),
        ({"document": TEXT, "chat": []}, "no query"),
        ({"document": TEXT, "chat": ["Hello?", ""]}, "no query"),
        ({"document": TEXT, "chat": "Hello?"}, "no query"),
        ({"document": TEXT, "chat": ["Hello?", float("nan")]}, "no query"),
        ({"document": TEXT, "chat": ["Hi", "Hello?"], "prober_history": "Hi"}, "twice"),
        (["Hello?"], "must be a JSON object"),
    ],
)
def test_an_incomplete_chat_is_refused(chat, complaint):
    with pytest.raises(UserError, match=complaint):
        example_to_predict(chat, DataConfig())
