"""Files of records in the schema of Holl-E."""

import gzip
import json

import pytest

from pipelines.errors import UserError
from pipelines.splits import files_of_split, read_split
from tests.pipelines.readers.holle_records import LENIENT, read, record


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
