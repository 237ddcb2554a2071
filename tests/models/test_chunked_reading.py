"""Chunked reading, of a model of known answers: a word's logit tells its id and its place in the chunk."""

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import QanetConfig
from holle_tf.models.chunked_reading import chunked_reader
from holle_tf.models.layers.masking import mask_logits
from holle_tf.models.outputs import span_outputs
from holle_tf.models.qanet import build_qanet

CHUNK, STRIDE = 8, 6


def _telling(chunk_words_seen):
    """start = id + place / 100 + query / 1000, end = -id; records how many chunks it was given at once."""
    document = tf.keras.Input((None,), dtype=tf.int32, name="document")
    query = tf.keras.Input((None,), dtype=tf.int32, name="query")
    mask = tf.not_equal(document, 0)

    def start(ids, first):
        chunk_words_seen.append(ids.shape)
        places = tf.cast(tf.range(tf.shape(ids)[1]), tf.float32) / 100
        return tf.cast(ids, tf.float32) + places + tf.cast(first[:, :1], tf.float32) / 1000

    logits = tf.keras.layers.Lambda(lambda both: start(*both))([document, query])
    outputs = span_outputs(mask_logits(logits, mask), mask_logits(-tf.cast(document, tf.float32), mask), mask)
    return tf.keras.Model({"document": document, "query": query}, outputs)


def _features(lengths, width):
    document = np.zeros((len(lengths), width), np.int32)
    for row, length in enumerate(lengths):
        document[row, :length] = 1 + np.arange(length) + 100 * row
    return {"document": tf.constant(document), "query": tf.constant(np.arange(len(lengths))[:, None] + 1)}


def _naive(length, row):
    """The most central chunk of each word, found one by one."""
    begins = [0]
    while begins[-1] + CHUNK < length:
        begins.append(begins[-1] + STRIDE)
    expected = []
    for position in range(length):
        having = [b for b in begins if b <= position < b + CHUNK]
        # Of two as central, the later.
        begin = min(having, key=lambda b: (abs(position - (b + CHUNK / 2)), -b))
        expected.append(1 + position + 100 * row + (position - begin) / 100 + (row + 1) / 1000)
    return expected


@pytest.mark.parametrize("chunk_batch", [1, 3, 100])
def test_every_word_takes_its_logits_from_the_chunk_in_which_it_is_most_central(chunk_batch):
    lengths = (1, 5, 8, 9, 14, 15, 20, 21, 33, 40)
    reader = chunked_reader(_telling([]), CHUNK, STRIDE, chunk_batch=chunk_batch)
    found = tf.function(reader)(_features(lengths, 40))
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(found["start_logits"][row, :length], _naive(length, row), rtol=1e-6)
        np.testing.assert_allclose(found["end_logits"][row, :length], -(1 + np.arange(length) + 100.0 * row))
        assert np.all(found["start_logits"][row, length:] < -1e8)
    np.testing.assert_array_equal(found["document_mask"], np.arange(40) < np.array(lengths)[:, None])


def test_the_model_never_sees_more_than_a_chunk():
    seen = []
    reader = chunked_reader(_telling(seen), CHUNK, STRIDE, chunk_batch=2)
    seen.clear()
    reader(_features((300,), 300))
    assert {tuple(shape) for shape in seen} == {(2, CHUNK)}


def test_probabilities_give_every_chunk_the_same_total_before_they_are_merged():
    reader = chunked_reader(_telling([]), 4, 4, merge="probabilities")
    found = reader(_features((8,), 8))
    both = tf.reshape(tf.exp(found["start_logits"]), (2, 4))
    np.testing.assert_allclose(tf.reduce_sum(both, axis=1), [1.0, 1.0], rtol=1e-5)


@pytest.mark.parametrize("match", [False, True])
def test_a_document_of_one_chunk_is_read_as_by_the_model_itself_and_a_distribution_sums_to_one(match):
    tf.keras.utils.set_random_seed(0)
    vectors = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
    model = build_qanet(QanetConfig(units=8, heads=2, model_blocks=1, char_dim=4, match=match), vectors, 9)
    rng = np.random.default_rng(1)
    ids = {
        name: tf.constant(rng.integers(2, 9, (2, width, 4)[: 3 if "chars" in name else 2]), tf.int32)
        for name in model.input
        for width in (20 if name.startswith("document") else 5,)
    }
    ids["question"] = tf.concat([ids["query"], ids["prober_history"]], 1)
    ids["question_chars"] = tf.concat([ids["question_chars"]] * 2, 1)
    if match:
        ids["question_keys"] = tf.concat([ids["question_keys"]] * 2, 1)
    expected = model(ids)
    whole = chunked_reader(model, 20, 15)(ids)
    for edge in ("start_logits", "end_logits"):
        np.testing.assert_allclose(whole[edge], expected[edge], atol=1e-5)
    cut = chunked_reader(model, 8, 6)(ids)
    assert np.abs(cut["start_logits"] - expected["start_logits"]).max() > 1e-4
    np.testing.assert_allclose(tf.reduce_sum(tf.nn.softmax(cut["start_logits"]), -1), 1.0, rtol=1e-5)


def test_a_document_of_20000_words_is_read():
    found = chunked_reader(_telling([]), 256, 192)(_features((20000,), 20000))
    assert np.all(np.isfinite(found["start_logits"]))


@pytest.mark.parametrize("arguments", [(8, 9), (8, 0), (8, 4, "mean"), (8, 4, "logits", 0)])
def test_impossible_chunks_are_an_error(arguments):
    with pytest.raises(ValueError, match="not a way to read chunks"):
        chunked_reader(_telling([]), *arguments)


def test_the_null_position_is_read_with_every_chunk_and_the_least_counts():
    """The null's logits tell the last word of the chunk, so that the first chunk has the least."""
    document = tf.keras.Input((None,), dtype=tf.int32, name="document")
    mask = tf.not_equal(document, 0)

    def scores(ids, sign):
        ids = tf.cast(ids, tf.float32)
        return tf.concat([sign * tf.reduce_max(ids, axis=1, keepdims=True), ids[:, 1:]], axis=1)

    logits = [
        tf.keras.layers.Lambda(lambda ids, sign=sign: mask_logits(scores(ids, sign), tf.not_equal(ids, 0)))
        for sign in (2.0, -1.0)
    ]
    model = tf.keras.Model({"document": document}, span_outputs(*(edge(document) for edge in logits), mask))
    lengths = (5, 8, 9, 21)  # of the words
    ids = np.zeros((4, 22), np.int32)
    for row, length in enumerate(lengths):
        ids[row, 0], ids[row, 1 : 1 + length] = 2, 10 + np.arange(length)
    found = tf.function(chunked_reader(model, CHUNK, STRIDE, chunk_batch=2, null=True))({"document": ids})
    for row, length in enumerate(lengths):
        last_of_first = 10 + min(length, CHUNK) - 1
        assert found["start_logits"][row, 0] == 2 * last_of_first
        assert found["end_logits"][row, 0] == -last_of_first
        for edge in ("start", "end"):
            np.testing.assert_array_equal(
                found[f"{edge}_logits"][row, 1 : 1 + length], ids[row, 1 : 1 + length]
            )
        assert (found["start_logits"][row, 1 + length :].numpy() < -1e8).all()
    np.testing.assert_array_equal(found["document_mask"], ids != 0)


@pytest.mark.parametrize("merge", ["logits", "probabilities"])
def test_a_document_of_one_chunk_with_a_null_position_is_read_as_by_the_model(merge):
    features = _features([CHUNK + 1, 4], CHUNK + 1)
    model = _telling([])
    chunked = chunked_reader(model, CHUNK, STRIDE, merge, null=True)(features)
    for name, values in model(features).items():
        if merge == "probabilities" and name != "document_mask":
            values = tf.nn.log_softmax(values)
        real = features["document"] != 0
        np.testing.assert_allclose(chunked[name][real], values[real], rtol=1e-5)
