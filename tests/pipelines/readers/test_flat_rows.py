"""SQuAD and its kin as Hugging Face's ``datasets`` writes them: a row for each question."""

import json

import pytest

from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.splits import read_split

CONFIG = DataConfig(schema="squad", max_dropped=1.0)
TEXTS = ("The café opened in 1990.", "Dr. Smith owns it.")


def row(number, text, answer, **changes):
    answers = {"text": [answer], "answer_start": [text.index(answer)]}
    return {
        "id": f"q{number}",
        "title": "Café",
        "context": text,
        "question": "?",
        "answers": answers,
        **changes,
    }


ROWS = [row(0, TEXTS[0], "1990"), row(1, TEXTS[1], "Smith"), row(2, TEXTS[0], "café")]


def read(tmp_path, content, **options):
    (tmp_path / "test.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return read_split(tmp_path, "test", DataConfig(schema="squad", max_dropped=1.0, **options))


@pytest.mark.parametrize("form", ["list", "lines", "data"])
def test_rows_are_examples_in_every_form_of_file(tmp_path, form):
    lines = "\n".join(map(json.dumps, ROWS))
    content = {"list": ROWS, "lines": lines, "data": {"version": "v2.0", "data": ROWS}}[form]
    examples, report = read(tmp_path, content)
    found = {example.example_id: (example.answer, example.document, example.chat_id) for example in examples}
    assert found == {
        "q0": ("1990", TEXTS[0], "Café"),
        "q1": ("Smith", TEXTS[1], "Café"),
        "q2": ("café", TEXTS[0], "Café"),
    }
    assert report.repaired == report.dropped == {}


def test_consecutive_rows_of_a_title_are_an_article(tmp_path):
    examples, _ = read(tmp_path, [*ROWS, row(3, "Another text.", "text", title="Other")], setup="full")
    documents = {example.example_id: example.document for example in examples}
    assert documents == {**dict.fromkeys(("q0", "q1", "q2"), "\n".join(TEXTS)), "q3": "Another text."}


def test_rows_without_titles_are_told_apart_by_their_contexts(tmp_path):
    rows = [{key: value for key, value in each.items() if key != "title"} for each in ROWS]
    examples, _ = read(tmp_path, rows, setup="full")
    chats = {example.document: example.chat_id for example in examples}
    assert set(chats) == set(TEXTS)
    assert len(set(chats.values())) == 2 and all(name.startswith("context ") for name in chats.values())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answers": {"text": [], "answer_start": []}}, "question without an answer"),
        ({"answers": None}, "no label"),
        ({"answers": {"text": ["Jones"], "answer_start": [0]}}, "answer is not in 'context'"),
        ({"answers": {"answer_start": [0]}}, "question without an answer"),
        ({"answers": 3}, "question without an answer"),
        ({"context": None}, "'context' is missing"),
        ({"question": 1e999}, "'question' is not a text"),
    ],
)
def test_what_gives_no_example_is_dropped_with_its_reason(tmp_path, changes, reason):
    examples, report = read(tmp_path, [*ROWS, row(3, TEXTS[1], "Smith", **changes)])
    assert len(examples) == 3
    assert report.dropped == {reason: ["q3"]}


def test_offsets_that_are_fewer_than_the_answers_are_repaired(tmp_path):
    answers = {"text": ["Smith", "Dr. Smith"], "answer_start": []}
    [example], report = read(tmp_path, [row(0, TEXTS[1], "Smith", answers=answers)])
    assert example.accepted == ("Smith", "Dr. Smith")
    assert report.repaired == {"no usable offset": ["q0"]}


def test_a_row_that_is_no_object_is_dropped(tmp_path):
    examples, report = read(tmp_path, [*ROWS, 3])
    assert len(examples) == 3
    assert report.dropped == {"'id' is missing": ["test.json[3]"]}


def test_a_file_that_is_cut_off_is_an_error_that_says_where(tmp_path):
    with pytest.raises(UserError, match="test.json, line 1, column "):
        read(tmp_path, json.dumps(ROWS)[:-20])
