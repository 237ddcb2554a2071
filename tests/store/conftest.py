"""A collection of documents, and an encoder without a model."""

import json

import numpy as np
import pytest

from pipelines.tokenizer import tokenize

pytest.importorskip("pyarrow", reason="requirements-documents.txt is not installed")

SIZE = 4


class Letters:
    """A fake model: its states of a word are random numbers, seeded by the word. It counts what it reads."""

    fingerprint = "f" * 64

    def __init__(self):
        self.texts = []

    def encode(self, texts):
        from holle_tf.store.read_document import ReadDocument

        self.texts += texts
        found = []
        for text in texts:
            tokens = tokenize(text)
            numbers = np.array([len(token.text) for token in tokens], np.int32)
            states = np.stack([np.random.default_rng(n).normal(size=SIZE) for n in numbers]).astype(
                np.float32
            )
            starts, ends = (np.array([token[i] for token in tokens], np.int32) for i in (1, 2))
            found.append(ReadDocument(starts, ends, {"document": numbers, "span_states": states}))
        return found


@pytest.fixture
def letters():
    """An object of ``Letters``."""
    return Letters()


@pytest.fixture
def write_lines(tmp_path):
    """Function (records) -> a file of JSON lines; a record that is a str is written as it is."""

    def write(records, name="docs.jsonl"):
        path = tmp_path / name
        lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def documents():
    """Records with ids; together about 6 kB."""
    rng = np.random.default_rng(0)
    words = ["the", "café", "cost", "film", "😀", "2.8", "ending"]
    return [
        {"id": f"d{n}", "document": " ".join(rng.choice(words, rng.integers(5, 60))) + f" no. {n}"}
        for n in range(40)
    ]
