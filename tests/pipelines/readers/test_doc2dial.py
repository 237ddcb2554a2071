"""The formats of doc2dial and MultiDoc2Dial: turns of users, answered by spans of documents."""

import json

import pytest

from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.splits import read_split

PIECES = ("You may appeal. ", "Write to the office. ", "It takes 60 days. ")
TEXT = "".join(PIECES)
OTHER = "Renew your license online."


def document(name, pieces):
    spans, at = {}, 0
    for number, text in enumerate(pieces, 1):
        spans[str(number)] = {"id_sp": str(number), "start_sp": at, "end_sp": at + len(text), "text_sp": text}
        at += len(text)
    return {
        "doc_id": name,
        "title": name.title(),
        "domain": "ssa",
        "doc_text": "".join(pieces),
        "spans": spans,
    }


DOCUMENTS = {"doc_data": {"ssa": {"appeal": document("appeal", PIECES)},
                          "dmv": {"license": document("license", [OTHER])}}}  # fmt: skip


def user(number, text):
    return {"turn_id": number, "role": "user", "da": "query", "utterance": text, "references": []}


def agent(number, text, *spans, **changes):
    references = [{"sp_id": span, "label": "solution"} for span in spans]
    return {"turn_id": number, "role": "agent", "da": "respond", "utterance": text, "references": references,
            **changes}  # fmt: skip


TURNS = [user(1, "Can I appeal?"), agent(2, "Yes, you can.", "1"), user(3, "How, and how long?"),
         agent(4, "Write; 60 days.", "3", "2")]  # fmt: skip


def read(folder, turns=TURNS, *, content=None, documents=DOCUMENTS, **options):
    dialog = {"dial_id": "d1", "doc_id": "appeal", "domain": "ssa", "turns": turns}
    content = content or {"dial_data": {"ssa": {"appeal": [dialog]}}}
    (folder / "doc2dial_dial_validation.json").write_text(json.dumps(content))
    if documents:
        (folder / "doc2dial_doc.json").write_text(json.dumps(documents))
    return read_split(folder, "dev", DataConfig(schema="doc2dial", max_dropped=1.0, **options))


def test_a_turn_of_the_user_is_answered_by_the_spans_that_ground_the_agent(tmp_path):
    (first, second), report = read(tmp_path)
    assert (first.example_id, first.chat_id, first.movie, first.source) == ("d1_1", "d1", "Appeal", "ssa")
    assert (first.document, first.query, first.answer) == (TEXT, "Can I appeal?", "You may appeal.")
    assert first.response == "Yes, you can."
    assert second.answer == "Write to the office. It takes 60 days."
    assert (second.prober_history, second.responder_history) == ("Can I appeal?", "Yes, you can.")
    assert report.dropped == report.repaired == {}


def test_dialogs_of_several_documents_are_read(tmp_path):
    def grounded(document, span):
        return [{"id_sp": span, "doc_id": document, "label": "solution"}]

    turns = [user(1, "Can I appeal?"), agent(2, "Yes.", references=grounded("appeal", "1")),
             user(3, "My license?"), agent(4, "Online.", references=[*grounded("license", "1"),
                                                                     *grounded("appeal", "2")])]  # fmt: skip
    content = {"dial_data": {"ssa": [{"dial_id": "m1", "turns": turns}]}}
    (first, second), report = read(tmp_path, content=content)
    assert (first.document, first.answer) == (TEXT, "You may appeal.")
    assert (second.document, second.answer) == (OTHER, OTHER)
    assert report.repaired == {"grounded in several documents, of which the first is used": ["m1_3"]}


@pytest.mark.parametrize(
    ("turns", "dropped"),
    [
        ([agent(4, "I do not know.")], {"question without an answer": ["d1_3"]}),
        ([], {"no label": ["d1_3"]}),
        ([{"role": "agent", "turn_id": 4, "utterance": "Hm."}], {"no label": ["d1_3"]}),
        ([agent(4, "Hm.", "9")], {"no grounding span is in the document": ["d1_3"]}),
        (
            [agent(4, "Hm.", references=[{"id_sp": "1", "doc_id": "lost"}])],
            {"the document is not in the file of documents": ["d1_3"]},
        ),
        ([agent(4, "Hm.", references=3)], {"'references' is not a list": ["d1_3"]}),
        ([user(4, "Hello?"), agent(5, "Yes.", "2")], {}),
        ([3], {"no label": ["d1_3"]}),
    ],
)
def test_what_gives_no_example_is_dropped_with_its_reason(tmp_path, turns, dropped):
    examples, report = read(tmp_path, [*TURNS[:3], *turns])
    assert report.dropped == dropped
    assert examples[0].answer == "You may appeal."


def test_what_a_user_says_in_two_turns_is_answered_once(tmp_path):
    examples, _ = read(tmp_path, [*TURNS[:3], user(4, "Hello?"), agent(5, "Yes.", "2")])
    assert [example.query for example in examples] == ["Can I appeal?", "Hello?"]
    assert examples[1].prober_history == "Can I appeal? How, and how long?"
    assert examples[1].responder_history == "Yes, you can."


def test_spans_that_are_moved_lost_or_apart_are_repaired_and_named(tmp_path):
    documents = json.loads(json.dumps(DOCUMENTS))
    documents["doc_data"]["ssa"]["appeal"]["spans"]["3"]["start_sp"] = 2
    (_, second), report = read(tmp_path, [*TURNS[:3], agent(4, "Hm.", "1", "3", "9")], documents=documents)
    assert second.answer == TEXT.strip()
    assert set(report.repaired) == {
        "span not at its offset",
        "a grounding span is not in the document, left out",
        "grounding spans are apart, joined with the text between them",
    }


def test_documents_are_cut_around_the_answer(tmp_path):
    (first, second), _ = read(tmp_path, window_words=5)
    assert "You may appeal." in first.document and len(first.document.split()) < len(TEXT.split())
    assert second.answer in second.document, "an answer longer than the window is kept whole"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([3], "doc2dial_dial_validation.json: no object 'dial_data'"),
        ({"dial_data": {"ssa": 3}}, "doc2dial_dial_validation.json, ssa: no object"),
        ({"dial_data": {"ssa": {"appeal": 3}}}, "no list 'ssa'"),
        ({"dial_data": {"ssa": [{"dial_id": "d1"}]}}, "ssa, dialog 1: no list 'turns'"),
    ],
)
def test_a_file_of_another_format_is_an_error_that_says_where(tmp_path, content, complaint):
    with pytest.raises(UserError, match=complaint):
        read(tmp_path, content=content)


def test_a_missing_file_of_documents_is_an_error_with_the_remedy(tmp_path):
    with pytest.raises(UserError, match="no file of documents; put doc2dial_doc.json"):
        read(tmp_path, documents=None)
