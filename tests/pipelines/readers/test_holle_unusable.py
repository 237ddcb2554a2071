"""Records in the schema of Holl-E that are dropped or refused, and what is reported."""

import pytest

from pipelines.errors import UserError
from pipelines.options import DataConfig
from tests.pipelines.readers.holle_records import read, read_one, reason_dropped, record


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


def test_the_report_is_readable(tmp_path):
    records = [record(number, span="nowhere") for number in range(7)] + [record(7, label=9), record(8)]
    _, report = read(tmp_path, records)
    assert report.lines() == [
        "test: 9 read, 2 kept, 7 dropped",
        "  dropped 7: span is not in 'mixed' (ts_7_0, ts_7_1, ts_7_2, ts_7_3, ts_7_4, ...)",
        "  repaired 1: label is unknown (ts_7_7)",
    ]


# Prediction


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
