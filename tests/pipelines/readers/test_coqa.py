"""The format of CoQA: rationales are gold, free answers make the history."""

import json

import pytest

from pipelines.errors import UserError
from pipelines.options import DataConfig
from pipelines.readers.dialogs import example_to_predict
from pipelines.splits import ReadReport, read_split
from pipelines.unlabelled import iterate_unlabelled

STORY = "Cotton was a white kitten. She lived in a barn with five sisters.\nAll of them were orange."


def rationale(turn, text, free, **changes):
    start = STORY.find(text)
    whole = {"span_start": start, "span_end": start + len(text), "span_text": text, "input_text": free,
             "turn_id": turn}  # fmt: skip
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


NOTHING = {"span_start": -1, "span_end": -1, "span_text": "unknown", "input_text": "unknown"}
ASKED = [("What color was Cotton?", " a white kitten", "white"), ("Where?", "in a barn", "a barn"),
         ("How old?", "", "unknown"), ("Alone?", "with five sisters", "no")]  # fmt: skip


def story(answers=None, **changes):
    answers = answers or [
        rationale(turn, text, free, **({} if text else NOTHING))
        for turn, (_, text, free) in enumerate(ASKED, 1)
    ]
    questions = [{"input_text": asked, "turn_id": turn} for turn, (asked, *_) in enumerate(ASKED, 1)]
    whole = {"source": "mctest", "id": "s1", "filename": "f.txt", "story": STORY, "questions": questions,
             "answers": answers}  # fmt: skip
    return {key: value for key, value in {**whole, **changes}.items() if value is not None}


def read(folder, *stories, content=None, **options):
    whole = {"version": "1.0", "data": stories} if content is None else content
    (folder / "coqa-dev-v1.0.json").write_text(json.dumps(whole))
    return read_split(folder, "dev", DataConfig(schema="coqa", max_dropped=1.0, **options))


def test_the_rationale_is_gold_and_the_free_answer_the_response(tmp_path):
    (first, second, last), report = read(tmp_path, story())
    assert (first.example_id, first.chat_id, first.source) == ("s1_1", "s1", "mctest")
    assert (first.query, first.answer, first.response) == (
        "What color was Cotton?",
        "a white kitten",
        "white",
    )
    assert first.document == STORY
    assert (second.prober_history, second.responder_history) == ("What color was Cotton?", "white")
    assert last.prober_history == "Where? How old?" and last.responder_history == "a barn unknown"
    assert report.dropped == {"question without an answer": ["s1_3"]}
    assert report.repaired == {}, "white space around a rationale is no fault"


def test_rationales_of_further_annotators_are_references(tmp_path):
    others = {"0": [rationale(1, "white", "white"), rationale(2, "lived in a barn", "barn")],
              "1": [rationale(1, "a white kitten", "white"), rationale(2, "x", "x", **NOTHING)],
              "2": [rationale(1, "nowhere", "white", span_start=3)]}  # fmt: skip
    (first, second, _), report = read(tmp_path, story(additional_answers=others))
    assert first.accepted == ("a white kitten", "white")
    assert second.accepted == ("in a barn", "lived in a barn")
    assert report.repaired == {"a further reference is not in the document, left out": ["s1_1"]}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answers": None}, "no label"),
        ({"answers": []}, "no label"),
        ({"answers": [rationale(2, "in a barn", "barn")]}, "no answer of this turn"),
        ({"answers": [rationale(1, "a dog", "dog", span_start=3)]}, "answer is not in the document"),
        ({"answers": [rationale(1, "x", "x", span_text=" ", span_start=3)]}, "'text' is empty"),
        ({"story": " "}, "'document' is empty"),
        ({"questions": [{"turn_id": 1}]}, "'question' is missing"),
    ],
)
def test_what_gives_no_example_is_dropped_with_its_reason(tmp_path, changes, reason):
    broken = {**story(id="s2"), **changes}
    _, report = read(tmp_path, story(), {key: value for key, value in broken.items() if value is not None})
    assert "s2_1" in report.dropped[reason]


def test_answers_are_matched_by_turn_not_by_place(tmp_path):
    answers = [rationale(2, "in a barn", "a barn"), rationale(1, "a white kitten", "white")]
    (first, second), _ = read(tmp_path, story(answers))
    assert (first.answer, second.answer) == ("a white kitten", "in a barn")


def test_rows_with_columns_of_answers_are_read(tmp_path):
    spans = [
        rationale(turn, text, free, **({} if text else NOTHING)) for turn, (_, text, free) in enumerate(ASKED)
    ]
    row = {
        "source": "mctest", "story": STORY, "questions": [asked for asked, *_ in ASKED],
        "answers": {"input_text": [each["input_text"] for each in spans],
                    "answer_start": [each["span_start"] for each in spans],
                    "answer_end": [each["span_end"] for each in spans]},
    }  # fmt: skip
    rows, _ = read(tmp_path, content=[row])
    nested, _ = read(tmp_path, story())

    def texts(example):
        return example.document, example.query, example.answer, example.responder_history, example.response

    assert list(map(texts, rows)) == list(map(texts, nested))
    assert len({example.chat_id for example in rows}) == 1


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([3], "coqa-dev-v1.0.json: no list 'data', which the format of CoQA"),
        ({"data": [3]}, "story 1: no list 'questions'"),
        ([{"story": "x"}], "story 1: no list 'questions'"),
    ],
)
def test_a_file_of_another_format_is_an_error_that_says_where(tmp_path, content, complaint):
    with pytest.raises(UserError, match=complaint):
        read(tmp_path, content=content)


def test_questions_without_labels_are_read_to_predict(tmp_path):
    (tmp_path / "coqa-dev-v1.0.json").write_text(json.dumps({"data": [{**story(), "answers": None}]}))
    report = ReadReport("chats")
    config = DataConfig(schema="coqa", window_words=8)
    found = list(iterate_unlabelled([tmp_path / "coqa-dev-v1.0.json"], report, config))
    assert [each.example_id for each in found] == ["s1_1", "s1_2", "s1_3", "s1_4"]
    first, *_, last = (each.example for each in found)
    assert not first.has_answer and first.accepted == () and len(first.document.split()) <= 8
    assert last.prober_history == "Where? How old?"
    assert {each.whole for each in found} == {STORY}
    assert report.kept == 4 and not report.dropped


def test_a_chat_to_predict_can_have_the_keys_of_the_file():
    chat = {"story": STORY, "question": "Where?", "history": ["What color?", "white"]}
    example = example_to_predict(chat, DataConfig(schema="coqa"))
    assert (example.document, example.query, example.responder_history) == (STORY, "Where?", "white")
    with pytest.raises(UserError, match="no document"):
        example_to_predict({"question": "Where?"}, DataConfig(schema="coqa"))
