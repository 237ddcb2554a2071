"""What is read of a usable record in the schema of Holl-E."""

from dataclasses import replace

import pytest

from pipelines.errors import UserError
from pipelines.options import SETUPS, DataConfig
from pipelines.readers.holle import DOCUMENT_KEYS, example_to_predict
from tests.pipelines.readers.holle_records import LENIENT, TEXT, read, read_one, reason_dropped, record


def test_a_faultless_record(tmp_path):
    [example], report = read(tmp_path, [record()])
    assert (example.example_id, example.chat_id, example.movie) == ("ts_7_0", "ts_7", "Catch Me If You Can")
    assert (example.document, example.query) == (TEXT, "What does he do?")
    assert (example.prober_history, example.responder_history) == ("p2 p3", "r2 r3")
    assert example.answer == "He cashes 2.5 million" == TEXT[example.answer_start : example.answer_end]
    assert example.response == "I liked how he cashes 2.5 million."
    assert example.source == "plot" and example.has_answer
    assert (report.split, report.read, report.kept) == ("test", 1, 1)
    assert report.dropped == {} == report.repaired


@pytest.mark.parametrize("setup", SETUPS)
def test_each_setup_reads_its_own_text_and_offset(tmp_path, setup):
    text_key, offset_key = DOCUMENT_KEYS[setup]
    span = record()["span"]
    changes = {text_key: f"{span} and {setup}: {span}", offset_key: len(f"{span} and {setup}: ")}
    example, repairs = read_one(tmp_path, replace(LENIENT, setup=setup), **changes)
    assert example.document == changes[text_key]
    assert example.answer_start == changes[offset_key]
    assert repairs == []


def test_an_unknown_setup_is_named(tmp_path):
    with pytest.raises(UserError, match="xd.*sd, ld"):
        read(tmp_path, [record()], DataConfig(setup="xd"))


# Offsets and spans


@pytest.mark.parametrize("offset", [None, -1, 10_000, 3.5, "soon", True, [], "9" * 30])
def test_an_unusable_offset_is_repaired(tmp_path, offset):
    example, repairs = read_one(tmp_path, answer_start_mixed=offset)
    assert example.answer == "He cashes 2.5 million" == TEXT[example.answer_start : example.answer_end]
    assert repairs == ["no usable offset"]


def test_a_null_offset_is_repaired(tmp_path):
    changed = record()
    changed["answer_start_mixed"] = None
    [example], report = read(tmp_path, [changed])
    assert example.answer_start == TEXT.index("He cashes")
    assert report.repaired == {"no usable offset": ["ts_7_0"]}


@pytest.mark.parametrize("kind", [float, str])
def test_a_whole_number_is_an_offset_however_it_is_written(tmp_path, kind):
    example, repairs = read_one(tmp_path, answer_start_mixed=kind(TEXT.index("He cashes")))
    assert example.answer_start == TEXT.index("He cashes") and repairs == []


def test_a_wrong_offset_takes_the_nearest_occurrence(tmp_path):
    text = "left. He left, she left, they left"
    example, repairs = read_one(tmp_path, mixed=text, span="left", answer_start_mixed=18)
    assert example.answer_start == text.index("left,", 12) and example.answer == "left"
    assert repairs == ["span not at its offset"]


def test_the_answer_is_as_the_document_writes_it(tmp_path):
    example, repairs = read_one(tmp_path, span="frank's MOTHER", answer_start_mixed=0)
    assert (example.answer, example.answer_start) == ("Frank’s mother", 0)
    assert repairs == ["span differs in case, quotes or spaces"]


def test_case_can_be_made_to_count(tmp_path):
    with pytest.raises(UserError, match="span is not in 'mixed': 1, first ts_7_0"):
        read_one(tmp_path, replace(LENIENT, lowercase_match=False), span="frank’s mother")


@pytest.mark.parametrize("span", [8, 10, 2.5])
def test_a_span_may_be_a_number(tmp_path, span):
    start = TEXT.index(str(span))
    example, repairs = read_one(tmp_path, span=span, answer_start_mixed=start)
    assert (example.answer, example.answer_start) == (str(span), start)
    assert repairs == ["span is a number"]


def test_offsets_hold_behind_torn_surrogates_and_large_characters(tmp_path):
    text = "\ud83d x 😀 He left"
    example, repairs = read_one(tmp_path, mixed=text, span="He left", answer_start_mixed=text.index("He"))
    assert example.answer == "He left" and repairs == []
    example.document.encode("utf-8")


# What is dropped


def test_paragraphs_can_be_objects(tmp_path):
    whole = record()["mixed"]
    [example], _ = read(tmp_path, [record(mixed=[{"id": 1, "text": whole}, "More."])])
    assert example.document == f"{whole}\nMore."


# What is repaired


@pytest.mark.parametrize(
    "label, source",
    [
        (0, "plot"),
        (1, "review"),
        (2, "comments"),
        (3, "fact_table"),
        (4, "unknown"),
        ("0", "plot"),
        (2.0, "comments"),  # as pandas writes a column in which a label is missing
        (2.5, "unknown"),
        ([], "unknown"),
    ],
)
def test_the_label_names_the_source(tmp_path, label, source):
    example, repairs = read_one(tmp_path, label=label)
    assert example.source == source
    assert repairs == (["label is unknown"] if source == "unknown" else [])


def test_less_important_keys_may_be_missing(tmp_path):
    example, repairs = read_one(tmp_path, chat_id=None, response=None, movie_name=None, label=None)
    assert (example.chat_id, example.response, example.movie, example.source) == ("ts_7", "", "", "unknown")
    assert repairs == ["chat_id is missing, taken from example_id", "response is missing", "label is unknown"]


def test_numbers_become_texts(tmp_path):
    example, repairs = read_one(tmp_path, chat_id=7, query=1988, response=8, movie_name=300)
    assert (example.chat_id, example.query, example.response, example.movie) == ("7", "1988", "8", "300")
    assert repairs == []


# Files and reports


def test_a_record_to_predict_needs_no_span(tmp_path):
    without = record(span=None, answer_start_mixed=None, full_reduced="another text")
    read_example, _ = read_one(tmp_path)
    assert example_to_predict(without, LENIENT) == replace(
        read_example, answer="", answer_start=0, answer_end=0, has_answer=False
    )
    assert example_to_predict(without, DataConfig(setup="ld")).document == "another text"


def test_of_several_spans_the_first_in_the_document_is_taken(tmp_path):
    spans = ["not there", " ", "Rated 8 of 10", "mother"]
    example, repairs = read_one(tmp_path, span=spans, answer_start_mixed=[0, 0, TEXT.index("Rated"), 9])
    assert example.answer == "Rated 8 of 10"
    assert repairs == ["span is a list; the first that is in the document is taken"]
    assert read_one(tmp_path, span=["mother"], answer_start_mixed=TEXT.index("mother"))[1] == []
    assert reason_dropped(tmp_path, span=[])[0] == "'span' is missing"


def test_a_document_may_be_a_list_of_paragraphs(tmp_path):
    paragraphs = ["One paragraph.", "He cashes 2.5 million."]
    example, _ = read_one(tmp_path, mixed=paragraphs, answer_start_mixed=15)
    assert example.document == "One paragraph.\nHe cashes 2.5 million."
    chat = {"document": paragraphs, "chat": ["What does he do?"]}
    assert example_to_predict(chat, LENIENT).document == example.document
