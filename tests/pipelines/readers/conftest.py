"""A schema of one's own, as a plugin would add it: nested articles, a folder for each split."""

import gzip
import importlib
import json
import sys

import pytest

from pipelines.readers.registry import READERS

TOY = """
from pipelines.example import Unusable
from pipelines.example_from_texts import answered
from pipelines.json_records import iterate_records
from pipelines.json_values import as_offset, required_text
from pipelines.readers.reader import Reader
from pipelines.readers.registry import register_reader


def files_of_split(data_dir, split):
    return sorted((data_dir / split).glob("*.json*"))


def records_of_files(files, split):
    for file in files:
        for content in iterate_records(file):
            for article in content["articles"]:
                for question in article["questions"]:
                    yield {**question, "title": article["title"], "text": article["text"]}


def parse_record(record, config):
    if "answer" not in record:
        raise Unusable("the question has no answer")
    return answered(
        config, example_id=required_text(record, "id"), document=record["text"],
        query=required_text(record, "question"), span=required_text(record, "answer"),
        offset=as_offset(record.get("at")), chat_id=record["title"], movie=record["title"], source="article",
    )


READER = Reader(
    name="toy", title="Toy", files=files_of_split, records=records_of_files, parse=parse_record,
    sources=("article",),
)
register_reader(READER)
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The module of the schema, whose reader is registered until the test is over."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "toy_schema.py").write_text(TOY)
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module("toy_schema")
    READERS.pop("toy", None)
    sys.modules.pop("toy_schema", None)


@pytest.fixture
def toy_data(tmp_path):
    """A folder of it: two files in train, of which one is compressed, and one question without an answer."""

    def article(split, number):
        text = f"In {split} the hero number {number} wins. " + "It is a long film. " * number
        questions = [
            {"id": f"{split}_{number}_0", "question": "Who wins?", "answer": f"the hero number {number}"},
            {"id": f"{split}_{number}_1", "question": "How long?", "answer": "long film", "at": 0},
            {"id": f"{split}_{number}_2", "question": "Why?"},
        ]
        return {"title": f"{split} {number}", "text": text, "questions": questions}

    root = tmp_path / "toy_data"
    for split, numbers in (("train", range(1, 6)), ("dev", (6,)), ("test", (7, 8))):
        (root / split).mkdir(parents=True)
        articles = [article(split, number) for number in numbers]
        (root / split / "a.json").write_text(json.dumps({"articles": articles[:1]}))
        if articles[1:]:
            content = json.dumps({"articles": articles[1:]}).encode()
            (root / split / "b.json.gz").write_bytes(gzip.compress(content))
    return root
