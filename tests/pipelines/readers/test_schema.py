"""``data.schema=auto``: the schema is told by the keys of the files."""

import gzip
import json

import pytest

from holle_tf.config_sources import load_config
from pipelines.errors import UserError
from pipelines.json_shape import BEGINNING
from pipelines.options import DataConfig
from pipelines.prepare import fingerprint_of
from pipelines.readers.schema import told_schema

QUESTION = {"id": "q", "question": "?", "answers": [{"text": "x", "answer_start": 0}]}
ROW = {"id": "q", "context": "x", "question": "?", "answers": {"text": ["x"], "answer_start": [0]}}
CONTENTS = {
    "holle": [{"example_id": "e", "mixed": "x", "query": "?", "span": "x"}],
    "squad": {"data": [{"paragraphs": [{"qas": [QUESTION], "context": "x"}]}]},
    "squad, rows": [ROW],
    "squad, rows under data": {"version": "1", "data": [ROW]},
    "quac": {"data": [{"paragraphs": [{"context": "x", "qas": [{**QUESTION, "followup": "y"}]}]}]},
    "quac, rows": [
        {"dialogue_id": "d", "context": "x", "questions": ["?"], "orig_answers": {"texts": ["x"]}}
    ],
    "coqa": {"data": [{"story": "x", "questions": [{"input_text": "?"}], "answers": []}]},
    "coqa, rows": [{"story": "x", "questions": ["?"], "answers": {"input_text": ["x"]}}],
    "doc2dial": {"dial_data": {"ssa": {"d": []}}},
}


def told(folder):
    return told_schema(DataConfig(), folder).schema


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("file", ["train.json", "train.jsonl.gz", "train_data.json", "any-train-v1.json"])
def test_the_schema_is_told_by_the_keys(tmp_path, name, file):
    text = json.dumps(CONTENTS[name]).encode()
    (tmp_path / file).write_bytes(gzip.compress(text) if file.endswith(".gz") else text)
    if name != "holle" or file == "train_data.json":
        assert told(tmp_path) == name.partition(",")[0]


def test_a_folder_for_each_split_is_looked_into(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.json").write_text(json.dumps(CONTENTS["coqa"]))
    assert told(tmp_path) == "coqa"


def test_only_the_beginning_of_a_file_is_read(tmp_path):
    whole = {
        "data": [{"title": "a", "paragraphs": [{"context": "x", "qas": [QUESTION]}]}],
        "rest": "y" * BEGINNING,
    }
    (tmp_path / "train.json").write_text(json.dumps(whole)[:-5])
    assert told(tmp_path) == "squad"


def test_a_schema_that_cannot_be_told_is_one_clear_line(tmp_path):
    (tmp_path / "train.json").write_text('[{"text": "x", "label": "y"}]')
    with pytest.raises(
        UserError, match=r"train.json: the schema cannot be told from its keys \(label, text\)"
    ) as found:
        told(tmp_path)
    assert "--set data.schema=NAME (holle, squad, quac, coqa, doc2dial" in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("content", ["[]", "[{]", "[3]", '[{"span": "x"}]'])
def test_files_with_the_names_of_holl_e_are_left_to_its_reader(tmp_path, content):
    (tmp_path / "train_data.json").write_text(content)
    assert told(tmp_path) == "holle"


def test_an_empty_folder_and_the_demo_are_of_the_schema_of_holl_e(tmp_path):
    assert told(tmp_path) == told(tmp_path / "missing") == told("") == "holle"
    assert load_config().data.schema == "holle"


def test_a_configuration_has_the_schema_of_its_data(tmp_path):
    (tmp_path / "train.json").write_text(json.dumps(CONTENTS["squad"]))
    config = load_config(assignments=["data.answer=sentence"], flags={"data_dir": str(tmp_path)})
    assert (config.data.schema, config.data.answer) == ("squad", "sentence")
    with pytest.raises(UserError, match="^data.setup=oracle: the schema 'squad'"):
        load_config(assignments=["data.setup=oracle"], flags={"data_dir": str(tmp_path)})


def test_data_have_one_fingerprint_whether_their_schema_is_named_or_told(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.json").write_text(json.dumps(CONTENTS["squad"]))
    named = fingerprint_of(tmp_path, DataConfig(schema="squad"), "none", None)
    assert fingerprint_of(tmp_path, DataConfig(), "none", None) == named
