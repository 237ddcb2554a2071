"""The format of QuAC: histories from the dialog, questions that the section does not answer."""

import json

import pytest

from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.splits import read_split

TEXT = "Daffy Duck first appeared in 1937. Tex Avery created him. The black duck was a hit."


def question(number, text, answer, others=(), **changes):
    found = [{"text": each, "answer_start": f"{TEXT} CANNOTANSWER".find(each)} for each in (answer, *others)]
    whole = {"id": f"C_1_q#{number}", "question": text, "answers": found, "orig_answer": found[0],
             "followup": "y", "yesno": "x"}  # fmt: skip
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


ASKED = [
    question(0, "When did he appear?", "1937", others=["in 1937", "CANNOTANSWER", "1937"]),
    question(1, "Was he popular abroad?", "CANNOTANSWER"),
    question(2, "Who made him?", "Tex Avery"),
]


def content(asked):
    section = {"context": f"{TEXT} CANNOTANSWER", "id": "C_1", "qas": asked}
    article = {"title": "Daffy", "section_title": "Origin", "background": "...", "paragraphs": [section]}
    return {"data": [article]}


def read(folder, whole, **options):
    (folder / "val_v0.2.json").write_text(json.dumps(whole))
    return read_split(folder, "dev", DataConfig(schema="quac", max_dropped=1.0, **options))


def test_questions_have_the_history_of_their_dialog(tmp_path):
    (first, third), report = read(tmp_path, content(ASKED))
    assert (first.example_id, first.chat_id, first.movie) == ("C_1_q#0", "C_1", "Daffy")
    assert (first.document, first.query, first.answer) == (TEXT, "When did he appear?", "1937")
    assert (first.prober_history, first.responder_history) == ("", "")
    assert third.prober_history == "When did he appear? Was he popular abroad?"
    assert third.responder_history == "1937", "a question without an answer leaves a blank"
    assert report.dropped == {"question without an answer": ["C_1_q#1"]}
    assert report.repaired == {}


def test_all_references_but_no_answer_are_kept(tmp_path):
    (first, third), _ = read(tmp_path, content(ASKED))
    assert first.accepted == ("1937", "in 1937") and third.accepted == ("Tex Avery",)
    (first, _), _ = read(tmp_path, content(ASKED), answer="sentence")
    assert first.accepted == ("Daffy Duck first appeared in 1937.",)


def test_gold_is_what_the_dialog_goes_on_with(tmp_path):
    asked = question(0, "When?", "1937", orig_answer={"text": "in 1937", "answer_start": 26})
    [example], _ = read(tmp_path, content([asked]))
    assert example.accepted == ("in 1937", "1937")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"orig_answer": None, "answers": None}, "no label"),
        ({"orig_answer": None, "answers": []}, "question without an answer"),
        ({"orig_answer": {"text": "Bugs", "answer_start": 3}}, "answer is not in the document"),
        ({"orig_answer": 3, "answers": 3}, "question without an answer"),
        ({"question": None}, "'question' is missing"),
        ({"id": None}, "'id' is missing"),
    ],
)
def test_what_gives_no_example_is_dropped_with_its_reason(tmp_path, changes, reason):
    (*_, last), report = read(tmp_path, content([*ASKED, question(3, "Why?", "a hit", **changes),
                                                 question(4, "So?", "The black duck")]))  # fmt: skip
    name = "val_v0.2.json[3]" if "id" in changes else "C_1_q#3"
    assert report.dropped.pop(reason)[-1:] == [name]
    assert last.example_id == "C_1_q#4", "what comes after a broken question is read"


def test_a_wrong_offset_is_repaired(tmp_path):
    asked = question(0, "Who?", "Tex Avery", orig_answer={"text": "tex avery", "answer_start": 2})
    [example], report = read(tmp_path, content([asked]))
    assert example.answer == "Tex Avery"
    assert list(report.repaired) == ["span not at its offset", "span differs in case, quotes or spaces"]


def test_documents_are_cut_around_the_answer(tmp_path):
    def words(**options):
        return [len(each.document.split()) for each in read(tmp_path, content(ASKED), **options)[0]]

    assert max(words(window_words=6)) <= 6 < min(words(setup="ld", long_words=9)) <= 9
    assert words(setup="full", window_words=6, long_words=9) == [len(TEXT.split())] * 2


def test_rows_of_dialogs_are_read_as_the_nested_file_is(tmp_path):
    row = {
        "dialogue_id": "C_1", "wikipedia_page_title": "Daffy", "context": f"{TEXT} CANNOTANSWER",
        "turn_ids": [each["id"] for each in ASKED], "questions": [each["question"] for each in ASKED],
        "answers": {"texts": [[a["text"] for a in each["answers"]] for each in ASKED],
                    "answer_starts": [[a["answer_start"] for a in each["answers"]] for each in ASKED]},
        "orig_answers": {"texts": [each["orig_answer"]["text"] for each in ASKED],
                         "answer_starts": [each["orig_answer"]["answer_start"] for each in ASKED]},
    }  # fmt: skip
    nested = read(tmp_path, content(ASKED))
    assert read(tmp_path, [row]) == nested


@pytest.mark.parametrize(
    ("whole", "complaint"),
    [
        ([3], "val_v0.2.json: no list 'data', which the format of QuAC"),
        ({"data": [3]}, "article 1: no list 'paragraphs'"),
        ({"data": [{"paragraphs": [{"context": "x"}]}]}, "article 1, paragraph 1: no list 'qas'"),
        ([{"questions": 3}], "row 1: no list 'questions'"),
    ],
)
def test_a_file_of_another_format_is_an_error_that_says_where(tmp_path, whole, complaint):
    with pytest.raises(UserError, match=complaint):
        read(tmp_path, whole)
