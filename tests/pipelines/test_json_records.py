import gzip
import json
import time
import tracemalloc

import pytest

from pipelines import json_records
from pipelines.errors import UserError
from pipelines.json_records import find_json_file, iterate_records

RECORDS = [{"a": 'x, ] } "', "b": [1, [2]]}, [], "a\nb", 1234567, -1.5e3, None, True, {"é😀": "\ud7ff"}]


@pytest.fixture(params=[1, 2, 7, 1 << 22])
def piece(request, monkeypatch):
    monkeypatch.setattr(json_records, "_PIECE", request.param)


def written(tmp_path, text, name="dev_data.json"):
    path = tmp_path / name
    content = text if isinstance(text, bytes) else text.encode("utf-8")
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("name", ["dev_data.json", "dev_data.json.gz"])
@pytest.mark.parametrize("style", [{}, {"indent": 2}, {"ensure_ascii": False, "separators": (",", ":")}])
def test_items_are_those_of_the_whole_file(tmp_path, name, style, piece):
    path = written(tmp_path, json.dumps(RECORDS, **style), name)
    assert list(iterate_records(path)) == RECORDS


@pytest.mark.parametrize(
    "text, items", [("[]", []), (" [ ] \n", []), ("\ufeff[1]", [1]), ("[1 , 2]\r\n", [1, 2])]
)
def test_space_and_byte_order_mark_are_skipped(tmp_path, text, items, piece):
    assert list(iterate_records(written(tmp_path, text))) == items


@pytest.mark.parametrize("between", ["\n", "\r\n", "\n\n  ", " ", ""])
def test_objects_line_after_line_are_read_as_well(tmp_path, between, piece):
    objects = [{"a": "}\n{"}, {"b": [1, {"c": 2}]}, {}]
    text = between.join(map(json.dumps, objects))
    assert list(iterate_records(written(tmp_path, text))) == objects
    assert list(iterate_records(written(tmp_path, text + "\n"))) == objects


@pytest.mark.parametrize(
    "text, place",
    [
        ('{"a": 1}\n{"a": \n', "line 3, column 1"),
        ('{"a": 1}\n[2]', "line 2, column 1"),
        ('{"a": 1},\n{"a": 2}', "line 1, column 9"),
    ],
)
def test_a_broken_line_is_located(tmp_path, text, place, piece):
    with pytest.raises(UserError, match=place):
        list(iterate_records(written(tmp_path, text)))


def test_items_come_before_a_fault_behind_them(tmp_path):
    items = iterate_records(written(tmp_path, "[1, 2, oops"))
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(UserError):
        next(items)


@pytest.mark.parametrize(
    "text, place",
    [
        ('[\n {"a": 1},\n {"a": 2,}\n]', "line 3, column "),
        ('[{"a": 1}\n {"a": 2}]', "line 2, column 2"),
        ('[{"a": 1},\n', "line 2, column 1"),
        ('[{"a": 1}', "line 1, column 10"),
        ("[1]\n\n  x", "line 3, column 3"),
        ("[1,\n  2,\n  oops]", "line 3, column 3"),
    ],
)
def test_broken_json_is_located(tmp_path, text, place, piece):
    with pytest.raises(UserError) as caught:
        list(iterate_records(written(tmp_path, text)))
    assert f"dev_data.json, {place}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "  \n", "3", '"[]"'])
def test_anything_but_a_list_is_refused(tmp_path, text):
    with pytest.raises(UserError, match="expected a list"):
        list(iterate_records(written(tmp_path, text)))


def test_nesting_without_end_is_refused(tmp_path):
    with pytest.raises(UserError, match="line 1, column 2"):
        list(iterate_records(written(tmp_path, "[" * 200_000)))


def test_an_item_without_end_is_not_parsed_anew_for_every_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(json_records, "_PIECE", 16)
    started = time.process_time()
    with pytest.raises(UserError, match="Unterminated string"):
        list(iterate_records(written(tmp_path, '["' + "x" * 2_000_000)))
    assert time.process_time() - started < 5  # parsing anew takes minutes


def test_a_cut_off_compressed_file_is_named(tmp_path):
    path = written(tmp_path, json.dumps(list(range(10_000))), "dev_data.json.gz")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(UserError, match="dev_data.json.gz: the compressed file is cut off"):
        list(iterate_records(path))
    path.write_bytes(b"[1, 2]")  # unpacked by whoever downloaded it
    assert list(iterate_records(path)) == [1, 2]


def test_other_encodings_and_missing_files_are_named(tmp_path):
    with pytest.raises(UserError, match="dev_data.json: not UTF-8"):
        list(iterate_records(written(tmp_path, '["é"]'.encode("latin-1"))))
    with pytest.raises(UserError, match="none.json: cannot read"):
        list(iterate_records(tmp_path / "none.json"))


@pytest.mark.parametrize("text", ['["', '[1, {"a": "', '{"a": "'])
def test_a_record_without_end_is_not_read_to_the_end_of_the_file(tmp_path, text, monkeypatch):
    monkeypatch.setattr(json_records, "MOST_CHARACTERS", 10_000)
    monkeypatch.setattr(json_records, "_PIECE", 100)
    path = written(tmp_path, text + "x" * 20_000_000, "dev_data.json.gz")
    tracemalloc.start()
    with pytest.raises(UserError, match="line 1: more than 10,000 characters in a record"):
        list(iterate_records(path))
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_endless_white_space_is_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(json_records, "_PIECE", 100_000)
    path = written(tmp_path, "[1," + " " * 20_000_000 + "\n2]", "dev_data.json.gz")
    tracemalloc.start()
    assert list(iterate_records(path)) == [1, 2]
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


def test_records_in_utf_16(tmp_path, piece):
    text = json.dumps(RECORDS, ensure_ascii=False).replace("\ud7ff", "x")
    assert list(iterate_records(written(tmp_path, text.encode("utf-16")))) == json.loads(text)


def test_a_file_that_is_not_read_because_of_another_is_named(tmp_path, logged):
    taken = written(tmp_path, "[1]")
    assert find_json_file(tmp_path / "dev_data", "") == taken and not logged.messages
    written(tmp_path, "[2]", "dev_data.json.gz")
    for _ in range(2):
        assert find_json_file(tmp_path / "dev_data", "") == taken
    assert logged.messages == [f"{taken}: this file is read; dev_data.json.gz beside it is not"]
