"""Prepared data without the raw files: examples made of numbers, written as ``prepare`` would."""

from dataclasses import asdict

import numpy as np
import pytest

from pipelines.encoding import EncodedExample
from pipelines.example import Example
from pipelines.manifest import SCHEMA_VERSION, PreparedData, write_manifest
from pipelines.options import DataConfig
from pipelines.records import INPUTS, TEXTS
from pipelines.shards import number_of_shards, write_pieces, write_records
from pipelines.vocabulary import Vocabulary
from pipelines.word_keys import KEY_VERSION, word_keys

VOCABULARY = 50
WORD_CHARS = 4


def _encoded(number, lengths, rng):
    ids = {name: rng.integers(2, VOCABULARY, length).astype(np.int32) for name, length in lengths.items()}
    text = {name: " ".join(f"w{i}é" for i in values) for name, values in ids.items()}
    sizes = np.array([len(word) for word in text["document"].split()], np.int32)
    ends = (np.cumsum(sizes + 1) - 1).astype(np.int32)
    start = int(rng.integers(0, lengths["document"]))
    end = int(rng.integers(start, lengths["document"]))
    first, last = int(ends[start] - sizes[start]), int(ends[end])
    example = Example(
        example_id=f"e{number}",
        chat_id=f"c{number // 3}",
        movie="A Film",
        answer=text["document"][first:last],
        answer_start=first,
        answer_end=last,
        response="so it is said",
        source="plot",
        **text,
    )
    chars = {
        f"{name}_chars": rng.integers(1, 60000, (len(values), WORD_CHARS)).astype(np.uint16)
        for name, values in ids.items()
    }
    keys = {f"{name}_keys": word_keys(f"w{i}é" for i in values) for name, values in ids.items()}
    offsets = {"token_starts": ends - sizes, "token_ends": ends}
    return EncodedExample(example=example, **ids, **chars, **keys, **offsets, start=start, end=end)


@pytest.fixture
def make_encoded():
    """Function (document lengths, seed) -> encoded examples, some of whose histories are empty."""

    def make(document_lengths, seed=0):
        rng = np.random.default_rng(seed)
        return [
            _encoded(
                number,
                {
                    "document": int(length),
                    "query": int(rng.integers(1, 40)),
                    "prober_history": int(rng.integers(0, 3) * 9),
                    "responder_history": int(rng.integers(0, 3) * 13),
                },
                rng,
            )
            for number, length in enumerate(document_lengths)
        ]

    return make


@pytest.fixture
def write_all():
    """Function (folder, split, encoded examples, records a shard) -> shards, packed by several tasks."""

    def write(folder, split, encoded, shard_examples, task=4):
        shards = number_of_shards(len(encoded), shard_examples)
        pieces = [
            piece
            for first in range(0, len(encoded), task)
            for piece in write_pieces(folder, split, encoded[first : first + task], first, shards)
        ]
        return write_records(folder, split, pieces, shard_examples, len(encoded))

    return write


@pytest.fixture
def make_prepared(tmp_path, write_all):
    """Function (encoded examples, records a shard) -> PreparedData whose train split they are."""

    def make(encoded, shard_examples=7):
        folder = tmp_path / "prepared"
        folder.mkdir()
        words = Vocabulary(f"w{i}é" for i in range(2, VOCABULARY))
        words.save(folder / "words.txt")
        Vocabulary("wé0123456789").save(folder / "chars.txt")
        np.save(folder / "embeddings.npy", np.zeros((len(words), 3), np.float32))
        lengths = [{name: len(getattr(example, name)) for name in TEXTS} for example in encoded]
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "fingerprint": "0" * 64,
            "word_keys": KEY_VERSION,
            "config": asdict(DataConfig(max_word_chars=WORD_CHARS, word_dim=3)),
            "counts": {"train": len(encoded)},
            "words": {"train": {name: sum(row[name] for row in lengths) for name in TEXTS}},
            "longest": {
                name: max((sum(row[part] for part in parts) for row in lengths), default=0)
                for name, parts in INPUTS.items()
            },
            "shards": {"train": write_all(folder, "train", encoded, shard_examples)},
        }
        write_manifest(folder, manifest)
        return PreparedData.load(folder)

    return make
