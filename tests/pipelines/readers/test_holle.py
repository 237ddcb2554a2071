import gzip
import json
from dataclasses import replace

import pytest

from pipelines.errors import UserError
from pipelines.options import SETUPS, DataConfig
from pipelines.readers.holle import DOCUMENT_KEYS, example_to_predict
from pipelines.splits import files_of_split, read_split

TEXT = "Frank’s mother left. He cashes 2.5 million in cheques. Rated 8 of 10."
LENIENT = DataConfig(max_dropped=1.0)


def record(number=0, **changes):
    """A faultless Holl-E record; a change to None leaves the key out."""
    span = "He cashes 2.5 million"
    whole = {
        "chat_id": "ts_7",
        "example_id": f"ts_7_{number}",
        "movie_name": "Catch Me If You Can",
        "imdb_id": "tt0264464",
        "span": span,
        "response": "I liked how he cashes 2.5 million.",
        "label": 0,
        "query": "What does he do?",
        "context": "not read",
        "short_history": ["p3", "r3"],
        "full_history": ["p1", "r1", "p2", "r2", "p3", "r3"],
        "chat": ["not read"],
        "all_documents": {},
    }
    for text_key, offset_key in DOCUMENT_KEYS.values():
        whole[text_key], whole[offset_key] = TEXT, TEXT.index(span)
    whole.update(changes)
    return {key: value for key, value in whole.items() if value is not None}


def read(tmp_path, records, config=LENIENT, **options):
    (tmp_path / "test_data.json").write_text(json.dumps(records), encoding="utf-8")
    return read_split(tmp_path, "test", config, **options)


def read_one(tmp_path, config=LENIENT, **changes):
    """The example made of one changed record, and what had to be repaired."""
    examples, report = read(tmp_path, [record(**changes)], config)
    return examples[0], list(report.repaired)


def reason_dropped(tmp_path, **changes):
    examples, report = read(tmp_path, [record(), record(1, **changes)])
    assert [example.example_id for example in examples] == ["ts_7_0"]
    assert (report.read, report.kept, report.dropped_count) == (2, 1, 1)
    [(reason, ids)] = report.dropped.items()
    return reason, ids


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


@pytest.mark.parametrize("key", ["example_id", "query", "span", "mixed"])
def test_a_missing_empty_or_strange_value_drops_the_record(tmp_path, key):
    for value, reason in (
        (None, "is missing"),
        (" ", "is empty"),
        ({"a": 1}, "is not a text"),
        (True, "is not a text"),
    ):
        got, ids = reason_dropped(tmp_path, **{key: value})
        assert got == f"'{key}' {reason}"
        if key != "example_id":
            assert ids == ["ts_7_1"]
        elif value != " ":
            assert ids == ["test_data.json[1]"]


def test_a_span_that_is_nowhere_drops_the_record(tmp_path):
    assert reason_dropped(tmp_path, span="nowhere to be found") == ("span is not in 'mixed'", ["ts_7_1"])


def test_an_id_that_occurs_twice_drops_the_second(tmp_path):
    examples, report = read(tmp_path, [record(0, query="first"), record(0, query="second")])
    assert [example.query for example in examples] == ["first"]
    assert report.dropped == {"example_id occurs twice": ["ts_7_0"]}


@pytest.mark.parametrize("stranger", [None, 3, "x", []])
def test_what_is_no_object_is_named_by_its_index(tmp_path, stranger):
    _, report = read(tmp_path, [record(), stranger])
    assert report.dropped == {"record is not an object": ["test_data.json[1]"]}


def test_too_many_dropped_is_an_error_that_says_how_to_go_on(tmp_path):
    records = [record(number) for number in range(18)]
    records += [record(18, span="nowhere"), record(19, span="no place")]
    with pytest.raises(UserError) as caught:
        read(tmp_path, records, DataConfig(max_dropped=0.05))
    message = str(caught.value)
    assert "test_data.json: 2 of 20 examples" in message and "\n" not in message
    assert "span is not in 'mixed': 2, first ts_7_18" in message
    assert "--set data.max_dropped=1.0" in message
    assert len(read(tmp_path, records, DataConfig(max_dropped=0.1))[0]) == 18


def test_no_usable_example_is_an_error_even_if_all_may_be_dropped(tmp_path):
    with pytest.raises(UserError, match="no usable example.*'span' is empty: 1"):
        read(tmp_path, [record(span="")])
    with pytest.raises(UserError, match="'example_id' is missing: 1, first test_data.*; give each"):
        read(tmp_path, [record(example_id=None)])
    with pytest.raises(UserError, match="no usable example.*list is empty"):
        read(tmp_path, [])


@pytest.mark.parametrize("span", [{}, {"span": None}, {"span": ""}])
def test_a_split_without_answers_names_what_questions_are_for(tmp_path, span):
    without = {key: value for key, value in record().items() if key != "span"}
    with pytest.raises(UserError, match="needs answers; --mode=predict --input=.*test_data.json answers"):
        read(tmp_path, [{**without, **span}])
    with pytest.raises(UserError, match="check the file and --setup"):
        read(tmp_path, [record(span="nowhere")])


@pytest.mark.parametrize(
    "found, said",
    [
        ({"a_0": record(), "a_1": record()}, "keyed by ids; make a list of them, with each id as its"),
        (
            {"chat_id": "a", "chat": ["Hi"], "spans": [""], "documents": {}},
            "whole chat of Holl-E's main_data",
        ),
        ({"version": 1, "data": [record()]}, "in a list under 'data'; make a file of that list alone"),
        ({key: [value] for key, value in record().items()}, "rows of a table; make a list of records"),
        ({key: {"0": value} for key, value in record().items()}, "rows of a table; make a list of records"),
        ({"chat_id": "a"}, "'example_id' is missing"),
        ({"example_id": "a", "query": "a", "mixed": [{"tokens": ["a"]}]}, "'mixed' is not a text"),
        (record(span=[{"answer": "a"}]), "'span' is not a text"),
    ],
    ids=["keyed by ids", "main_data", "wrapped", "columns", "table", "other", "paragraphs", "spans"],
)
def test_records_of_another_layout_say_what_to_do(tmp_path, found, said):
    with pytest.raises(UserError, match=said):
        read(tmp_path, [found])


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


def test_the_limit_counts_usable_examples_and_stops_reading(tmp_path):
    records = [record(0, span="nowhere"), record(1), record(2), 3]
    examples, report = read(tmp_path, records, limit=2)
    assert [example.example_id for example in examples] == ["ts_7_1", "ts_7_2"]
    assert (report.read, report.kept, report.dropped_count) == (3, 2, 1)


def test_compressed_files_are_found_and_plain_ones_preferred(tmp_path):
    (tmp_path / "dev_data.json.gz").write_bytes(gzip.compress(json.dumps([record()]).encode()))
    assert files_of_split(tmp_path, "dev", LENIENT) == [tmp_path / "dev_data.json.gz"]
    assert len(read_split(tmp_path, "dev", LENIENT)[0]) == 1
    (tmp_path / "dev_data.json").write_text("[]")
    assert files_of_split(str(tmp_path), "dev", LENIENT) == [tmp_path / "dev_data.json"]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_json_lines_give_the_examples_of_the_list(tmp_path, ending):
    records = [record(0), record(1, span="nowhere"), record(2)]
    text = "".join(json.dumps(each) + "\n" for each in records).encode()
    (tmp_path / f"test_data{ending}").write_bytes(gzip.compress(text) if ending.endswith("gz") else text)
    lines = read_split(tmp_path, "test", LENIENT)
    assert lines == read(tmp_path, records)


def test_a_missing_file_says_where_to_get_it(tmp_path):
    with pytest.raises(UserError, match="train_data.json: no such file.*downloaded.*github.com.*--data_dir"):
        files_of_split(tmp_path / "nowhere", "train", LENIENT)
    with pytest.raises(UserError, match="'valid'; choose from train, dev, test"):
        files_of_split(tmp_path, "valid", LENIENT)


def test_broken_json_is_located(tmp_path):
    (tmp_path / "test_data.json").write_text('[\n{"a": 1},\n{"a" 2}]')
    with pytest.raises(UserError, match="test_data.json, line 3, column 6"):
        read_split(tmp_path, "test", LENIENT)


def test_the_report_is_readable(tmp_path):
    records = [record(number, span="nowhere") for number in range(7)] + [record(7, label=9), record(8)]
    _, report = read(tmp_path, records)
    assert report.lines() == [
        "test: 9 read, 2 kept, 7 dropped",
        "  dropped 7: span is not in 'mixed' (ts_7_0, ts_7_1, ts_7_2, ts_7_3, ts_7_4, ...)",
        "  repaired 1: label is unknown (ts_7_7)",
    ]


# Prediction


def test_a_record_to_predict_needs_no_span(tmp_path):
    without = record(span=None, answer_start_mixed=None, full_reduced="another text")
    read_example, _ = read_one(tmp_path)
    assert example_to_predict(without, LENIENT) == replace(
        read_example, answer="", answer_start=0, answer_end=0, has_answer=False
    )
    assert example_to_predict(without, DataConfig(setup="ld")).document == "another text"


@pytest.mark.parametrize("key", ["query", "response", "chat_id", "movie_name"])
def test_the_text_of_a_missing_value_is_kept_and_reported(tmp_path, key):
    example, repairs = read_one(tmp_path, **{key: "nan"})
    assert repairs == [f"{key} is the text 'nan', kept as it is"]
    assert "nan" in (example.query, example.response, example.chat_id, example.movie)
    assert read_one(tmp_path, **{key: "nanny"})[1] == []


NAN = float("nan")


def test_what_pandas_writes_for_missing_values_is_no_text(tmp_path):
    example, repairs = read_one(
        tmp_path, chat_id=NAN, movie_name=NAN, response=NAN, full_history=NAN, label=NAN
    )
    assert (example.chat_id, example.movie, example.response, example.source) == ("ts_7", "", "", "unknown")
    assert (example.prober_history, example.responder_history) == ("p3", "r3")  # of short_history
    assert "chat_id is missing, taken from example_id" in repairs


@pytest.mark.parametrize("key", ["query", "span", "mixed"])
def test_a_record_whose_text_is_nan_is_dropped(tmp_path, key):
    assert reason_dropped(tmp_path, **{key: NAN})[0] == f"'{key}' is missing"
    assert reason_dropped(tmp_path, **{key: float("inf")})[0] == f"'{key}' is not a text"


def test_a_record_whose_history_cannot_be_read_is_dropped(tmp_path):
    pairs = [["A", "p1"], ["B", "r1"]]
    reason, _ = reason_dropped(tmp_path, full_history=pairs, short_history=None)
    assert reason.startswith("'full_history' is not a list of texts")


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
