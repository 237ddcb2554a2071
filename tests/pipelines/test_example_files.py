"""Prepared examples as JSON lines."""

import gzip
import hashlib
import json

from pipelines.example_files import write_example_file
from pipelines.records import read_examples


def test_a_line_has_the_texts_of_its_example_and_offsets_of_characters(prepared, tmp_path):
    path = write_example_file(prepared, "dev", tmp_path)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    examples = read_examples(prepared, "dev")
    assert [line["example_id"] for line in lines] == [example.example_id for example in examples]
    for line, example in zip(lines, examples):
        assert line["document"] == example.document and line["query"] == example.query
        assert line["document_sha256"] == hashlib.sha256(example.document.encode()).hexdigest()
        assert line["document"][line["answer"]["start"] : line["answer"]["end"]] == line["answer"]["text"]
    first = path.read_bytes()
    assert write_example_file(prepared, "dev", tmp_path).read_bytes() == first
