"""Offsets of other units than characters are recognised by the whole file."""

import json

import pytest

from pipelines.offset_counting import BYTES, CHARACTERS, UTF16, fitting_places
from pipelines.options import SQUAD, DataConfig
from pipelines.readers.reader import AnswerPlace
from pipelines.splits import read_split

COUNTED = {
    CHARACTERS: len,
    UTF16: lambda before: len(before.encode("utf-16-le")) // 2,
    BYTES: lambda before: len(before.encode("utf-8")),
}
# Each line has its answer twice, the second time where a count of other units would miss it.
TEXT = "🙂🙂 It’s a cat, a cat, and the café 🙂 shows a cat at night."


def place_of(number):
    """Character of the first, second or third cat."""
    place = -1
    for _ in range(number % 3 + 1):
        place = TEXT.index("cat", place + 1)
    return place


def holle(counting, number):
    offset = COUNTED[counting](TEXT[: place_of(number)])
    record = {"example_id": f"c_{number}", "query": "What?", "span": "cat", "mixed": TEXT}
    return {**record, "answer_start_mixed": offset}


@pytest.mark.parametrize("counting", COUNTED)
def test_offsets_of_any_counting_find_the_right_occurrence(tmp_path, counting):
    records = [holle(counting, number) for number in range(9)]
    (tmp_path / "test_data.json").write_text(json.dumps(records))
    examples, report = read_split(tmp_path, "test", DataConfig())
    assert [each.answer_start for each in examples] == [place_of(number) for number in range(9)]
    said = [reason for reason in report.repaired if reason.startswith("offset counts")]
    assert said == ([] if counting == CHARACTERS else [f"offset counts {counting}"])


@pytest.mark.parametrize("counting", COUNTED)
def test_squad_is_read_likewise(tmp_path, counting):
    answers = [
        {
            "id": f"q{n}",
            "question": "What?",
            "answers": [{"text": "cat", "answer_start": COUNTED[counting](TEXT[: place_of(n)])}],
        }
        for n in range(6)
    ]
    article = {"title": "Cats", "paragraphs": [{"context": TEXT, "qas": answers}]}
    (tmp_path / "test.json").write_text(json.dumps({"data": [article]}))
    examples, _ = read_split(tmp_path, "test", DataConfig(schema=SQUAD))
    assert [each.answer_start for each in examples] == [place_of(number) for number in range(6)]


def test_a_file_of_characters_keeps_its_offsets_though_some_are_wrong(tmp_path):
    records = [holle(CHARACTERS, number) for number in range(9)]
    records[4] = holle(UTF16, 4)
    (tmp_path / "test_data.json").write_text(json.dumps(records))
    examples, report = read_split(tmp_path, "test", DataConfig())
    assert [each.answer_start for each in examples][:4] == [place_of(number) for number in range(4)]
    assert not any(reason.startswith("offset counts") for reason in report.repaired)


@pytest.mark.parametrize("offset", [None, -1, 3, 10**6])
def test_what_does_not_depend_on_the_counting_is_left_alone(offset):
    assert fitting_places(AnswerPlace("abc cat é cat", "cat", offset)) == {}


def test_the_middle_of_a_character_is_no_place():
    assert fitting_places(AnswerPlace("é cat", "cat", 2)) == {CHARACTERS: 2, UTF16: 2}
    assert fitting_places(AnswerPlace("é cat", "cat", 3)) == {BYTES: 2}
    assert fitting_places(AnswerPlace("🙂🙂x", "x", 3)) == {}
