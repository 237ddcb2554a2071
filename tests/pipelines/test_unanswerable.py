"""Questions without an answer: dropped, or learned as a null position in front of the document."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pipelines.dataset import features_of, make_dataset
from pipelines.encoding import encode
from pipelines.example_from_texts import unanswered
from pipelines.options import COQA, DOC2DIAL, HOLLE, QUAC, SQUAD, DataConfig
from pipelines.prepare import fingerprint_of, prepare
from pipelines.records import read_examples
from pipelines.splits import read_split
from pipelines.vocabulary import NULL, UNK
from tests.squad2 import write_squad2

CONFIG = DataConfig(schema=SQUAD, min_char_count=1, min_word_count=1, word_dim=4, unanswerable="learn")
TEXT = "The café opened in 1990. Dr. Smith owns it."


def write(folder, content, name="test.json"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_squad2(tmp_path_factory.mktemp("squad2"), train=12, dev=4, test=6)


@pytest.fixture(scope="module")
def data(folder, tmp_path_factory):
    return prepare(folder, tmp_path_factory.mktemp("out"), CONFIG, "none")


def test_by_default_they_are_dropped_and_nothing_changes(folder, tmp_path):
    config = replace(CONFIG, unanswerable="drop")
    assert "unanswerable" not in config.decisive()
    prepared = prepare(folder, tmp_path, config, "none")
    assert prepared.count("test") == 3 and NULL not in prepared.words
    features, _ = next(iter(make_dataset(prepared, "test", inputs=["document"], batch_size=8, texts=True)))
    assert (features["token_ends"].numpy()[:, 0] > 0).all()
    assert fingerprint_of(folder, config, "none", None) != fingerprint_of(folder, CONFIG, "none", None)


def test_a_record_keeps_the_label_that_there_is_no_answer(data):
    examples = read_examples(data, "test")
    assert [example.unanswerable for example in examples] == [False, True] * 3
    assert [example.accepted for example in examples[1::2]] == [("",)] * 3
    assert all(example.answer in example.document for example in examples)


def test_the_null_position_is_in_front_of_every_document(data):
    null = data.words.id(NULL)
    assert null > UNK
    batches = make_dataset(
        data, "test", inputs=["document", "document_keys", "document_chars"], batch_size=8, texts=True
    )
    features, labels = next(iter(batches))
    ids = features["document"].numpy()
    assert (ids[:, 0] == null).all() and not (ids[:, 1:] == null).any()
    assert features["token_starts"].numpy()[:, 0].tolist() == [0] * 6
    assert features["token_ends"].numpy()[:, 0].tolist() == [0] * 6
    for row, example in enumerate(read_examples(data, "test")):
        start, end = int(labels["start"][row]), int(labels["end"][row])
        begin, stop = features["token_starts"][row, start], features["token_ends"][row, end]
        assert example.document[int(begin) : int(stop)] == example.answer
        assert (start == 0) == example.unanswerable


def test_a_chat_to_predict_has_the_null_position_too(data):
    encoded = encode(unanswered("one two", "three"), data.words, data.chars, data.config)
    assert encoded.has_null and len(encoded.document) == 3 and encoded.start == -1
    plain = encode(
        unanswered("one two", "three"), data.words, data.chars, replace(CONFIG, unanswerable="drop")
    )
    assert not plain.has_null
    np.testing.assert_array_equal(features_of([encoded], ["document"])["document"][0, 1:3], plain.document)


def test_no_text_has_the_word_of_the_null_position(data):
    encoded = encode(unanswered(NULL, NULL), data.words, data.chars, data.config)
    assert (encoded.document == data.words.id(NULL)).tolist() == [True, False, False, False]
    assert data.words.id(NULL) not in encoded.query


def test_the_window_of_a_question_without_an_answer_lies_at_random(tmp_path):
    text = " ".join(f"w{i}" for i in range(60))
    asked = [
        {"id": f"q{i}", "question": "What?", "answers": [], "is_impossible": True, "plausible_answers": []}
        for i in range(20)
    ]
    write(tmp_path, {"data": [{"title": "t", "paragraphs": [{"context": text, "qas": asked}]}]})
    examples, report = read_split(tmp_path, "test", replace(CONFIG, window_words=20))
    assert len({example.document for example in examples}) > 10
    assert {len(example.document.split()) for example in examples} == {20}
    assert report.unanswerable == 20 and "without an answer: 20 of the 20" in "\n".join(report.lines())


def quac(folder):
    turns = [("q#0", "Who?", "Dr. Smith", 25), ("q#1", "Why?", "CANNOTANSWER", 44)]
    qas = [
        {
            "id": name,
            "question": text,
            "followup": "n",
            "answers": [{"text": span, "answer_start": start}, {"text": "1990", "answer_start": 19}],
            "orig_answer": {"text": span, "answer_start": start},
        }
        for name, text, span, start in turns
    ]
    write(folder, {"data": [{"title": "Café", "paragraphs": [{"id": "d", "context": f"{TEXT} CANNOTANSWER",
                                                              "qas": qas}]}]})  # fmt: skip


def coqa(folder):
    spans = [("Dr. Smith", 25, 34), ("unknown", -1, -1)]
    answers = [
        {"turn_id": i, "input_text": text, "span_text": text, "span_start": start, "span_end": end}
        for i, (text, start, end) in enumerate(spans, 1)
    ]
    questions = [{"turn_id": 1, "input_text": "Who?"}, {"turn_id": 2, "input_text": "Why?"}]
    write(folder, {"data": [{"id": "s", "story": TEXT, "questions": questions, "answers": answers}]})


def doc2dial(folder):
    span = {"1": {"id_sp": "1", "text_sp": "Dr. Smith owns it.", "start_sp": 25}}
    document = {"doc_id": "d", "title": "t", "doc_text": TEXT, "spans": span}
    write(folder, {"doc_data": {"dmv": {"d": document}}}, "doc2dial_doc.json")
    turns = []
    for i, (text, references) in enumerate([("Who?", [{"sp_id": "1"}]), ("Why?", [])]):
        turns += [
            {"turn_id": 2 * i, "role": "user", "utterance": text, "references": []},
            {"turn_id": 2 * i + 1, "role": "agent", "utterance": "So.", "references": references},
        ]
    dialog = {"dial_id": "x", "doc_id": "d", "turns": turns}
    write(folder, {"dial_data": {"dmv": {"d": [dialog]}}}, "doc2dial_dial_test.json")


def holle(folder):
    record = {
        "example_id": "c_1",
        "chat_id": "c",
        "mixed": TEXT,
        "query": "Who?",
        "response": "He.",
        "label": 0,
    }
    spanned = {**record, "span": "Dr. Smith", "answer_start_mixed": 25}
    write(folder, [spanned, {**record, "example_id": "c_2", "is_impossible": True}], "test_data.json")


WRITERS = {QUAC: quac, COQA: coqa, DOC2DIAL: doc2dial, HOLLE: holle}


@pytest.mark.parametrize("schema", WRITERS)
def test_every_schema_has_questions_without_an_answer(schema, tmp_path):
    WRITERS[schema](tmp_path)
    learn = replace(CONFIG, schema=schema, max_dropped=0.0)
    examples, report = read_split(tmp_path, "test", learn)
    assert [(example.unanswerable, example.document) for example in examples] == [(False, TEXT), (True, TEXT)]
    assert report.dropped == {} and examples[1].accepted == ("",)
    dropped, report = read_split(tmp_path, "test", replace(learn, unanswerable="drop"))
    assert dropped == examples[:1] and list(report.dropped) == ["question without an answer"]


def test_questions_without_a_label_stay_out(tmp_path):
    asked = [{"id": "a", "question": "Who?"}, {"id": "b", "question": "Why?", "answers": []}]
    write(tmp_path, {"data": [{"title": "t", "paragraphs": [{"context": TEXT, "qas": asked}]}]})
    examples, report = read_split(tmp_path, "test", CONFIG)
    assert [example.example_id for example in examples] == ["b"] and report.dropped == {"no label": ["a"]}
