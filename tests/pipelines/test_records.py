import hashlib
import os

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.encoding import encode
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.options import DataConfig
from pipelines.records import (
    INPUTS,
    TEXTS,
    decode,
    parse,
    read_examples,
    serialised,
    split_input,
    stored_parts,
    to_proto,
)
from pipelines.shards import write_pieces, write_records
from pipelines.vocabulary import Vocabulary

ALL_INPUTS = [name + suffix for name in INPUTS for suffix in ("", "_chars", "_keys")]


def decode_one(encoded, inputs, texts=False):
    """One record decoded without padding, as numpy; a width of 0 is not possible, so at least 1."""
    raw = {key: value[None] for key, value in parse(tf.constant(to_proto(encoded)), inputs, texts).items()}
    chars = encoded.document_chars.shape[1]
    features, labels = decode(raw, inputs, lambda _, longest: tf.maximum(longest, 1), chars)
    return {k: v.numpy()[0] for k, v in features.items()}, {k: int(v[0]) for k, v in labels.items()}


def joined(encoded, name):
    return np.concatenate([getattr(encoded, part) for part in stored_parts(*split_input(name))])


def test_record_gives_back_every_id_and_character(make_encoded):
    for encoded in make_encoded([1, 30, 257]):
        features, labels = decode_one(encoded, ALL_INPUTS, texts=True)
        for name in ALL_INPUTS:
            expected = joined(encoded, name)
            if len(expected):
                np.testing.assert_array_equal(features[name], expected, err_msg=name)
            else:
                assert not features[name].any()
        np.testing.assert_array_equal(features["token_starts"], encoded.token_starts)
        np.testing.assert_array_equal(features["token_ends"], encoded.token_ends)
        assert labels == {"start": encoded.start, "end": encoded.end}
        assert features["document_text"].decode() == encoded.example.document
        assert features["answer"].decode() == encoded.example.answer


@settings(max_examples=40, deadline=None)
@given(*[st.text(st.characters(blacklist_categories=["Cs"]), max_size=60) for _ in range(4)])
def test_question_is_the_words_of_its_parts_without_gaps(document, query, prober, responder):
    document = document + " end"
    example = Example(
        example_id="1",
        chat_id="1",
        movie="",
        document=document,
        query=query,
        prober_history=prober,
        responder_history=responder,
        answer="end",
        answer_start=len(document) - 3,
        answer_end=len(document),
        response="",
        source="plot",
    )
    config = DataConfig(max_query_words=5, max_history_words=5)
    encoded = encode(example, Vocabulary(["end", "a"]), Vocabulary("abc"), config)
    features, _ = decode_one(encoded, ["question", "question_chars"])
    length = sum(len(getattr(encoded, name)) for name in TEXTS[1:])
    parts = np.concatenate([encoded.query, encoded.prober_history, encoded.responder_history])
    np.testing.assert_array_equal(features["question"][:length], parts)
    assert (features["question"] != 0).sum() == length
    np.testing.assert_array_equal(features["question_chars"][:length], joined(encoded, "question_chars"))


def test_example_without_answer_keeps_its_negative_labels(make_encoded):
    (encoded,) = make_encoded([9])
    object.__setattr__(encoded, "start", -1)
    object.__setattr__(encoded, "end", -1)
    assert decode_one(encoded, ["document"])[1] == {"start": -1, "end": -1}


def test_unknown_input_is_named():
    with pytest.raises(ValueError, match="'answer_chars'"):
        split_input("answer_chars")


@pytest.mark.parametrize("count", [0, 1, 3, 4, 10])
def test_examples_come_back_whole_and_in_order(make_encoded, make_prepared, count):
    encoded = make_encoded(np.full(count, 12))
    prepared = make_prepared(encoded, shard_examples=3)
    assert len(prepared.shards("train")) == max(1, -(-count // 3))
    assert read_examples(prepared, "train") == [example.example for example in encoded]
    for parallel in (1, 4):
        records = list(serialised(prepared.shards("train"), parallel).as_numpy_iterator())
        assert records == [to_proto(example) for example in encoded]


def test_shards_are_described_as_they_are(make_encoded, write_all, tmp_path):
    shards = write_all(tmp_path, "dev", make_encoded(np.full(11, 5)), shard_examples=4)
    assert [shard["records"] for shard in shards] == [4, 4, 3]
    assert {path.name for path in tmp_path.iterdir()} == {shard["file"] for shard in shards}
    for shard in shards:
        content = (tmp_path / shard["file"]).read_bytes()
        assert shard["bytes"] == len(content)
        assert shard["sha256"] == hashlib.sha256(content).hexdigest()


def test_records_are_the_same_bytes_each_time(make_encoded, write_all, tmp_path):
    shas = []
    for name in "ab":
        (tmp_path / name).mkdir()
        shards = write_all(tmp_path / name, "dev", make_encoded(np.full(5, 20)), shard_examples=2)
        shas.append([shard["sha256"] for shard in shards])
    assert shas[0] == shas[1]


def test_too_few_examples_are_an_error(make_encoded, tmp_path):
    with pytest.raises(ValueError, match="2 examples came, 3 were promised"):
        write_records(tmp_path, "dev", write_pieces(tmp_path, "dev", make_encoded([4, 4]), 0, 2), 2, count=3)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_full_disk_is_a_users_error(make_encoded, write_all, tmp_path):
    (tmp_path / "dev-00000-of-00001.tfrecord.gz").symlink_to("/dev/full")
    with pytest.raises(UserError, match="no space left"):
        write_all(tmp_path, "dev", make_encoded(np.full(20, 500)), shard_examples=50)


def test_shard_cut_off_after_loading_is_a_users_error(make_encoded, make_prepared):
    prepared = make_prepared(make_encoded(np.full(20, 50)), shard_examples=20)
    (shard,) = prepared.shards("train")
    shard.write_bytes(shard.read_bytes()[:-200])
    with pytest.raises(UserError, match="train.*prepare again"):
        read_examples(prepared, "train")
