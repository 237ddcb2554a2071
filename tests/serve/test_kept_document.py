"""A packed document gives back what was read."""

import mmap

import numpy as np
import pytest

from holle_tf.serve.document_states import stacked
from holle_tf.serve.kept_document import OBJECTS_BYTES, OWN_PAGES, KeptDocument
from holle_tf.store.read_document import ReadDocument, widened

SIZE = 16


def _read(words, longest=9, most_id=60_000, gap=1):
    rng = np.random.default_rng(words)
    lengths = rng.integers(1, longest + 1, words).astype(np.int32)
    ends = np.cumsum(lengths + gap, dtype=np.int32)
    ids = rng.integers(0, most_id + 1, words).astype(np.int32)
    states = np.tanh(rng.normal(size=(words, SIZE))).astype(np.float32)
    return ReadDocument(ends - lengths, ends, {"document": ids, "span_states": states})


@pytest.mark.parametrize(("states", "atol"), [("float32", 0), ("float16", 3e-4), ("int8", 4e-3)])
@pytest.mark.parametrize("words", [0, 1, 300, 6000])
def test_offsets_and_ids_are_exact_and_states_are_near(states, atol, words):
    read = _read(words)
    kept = KeptDocument(read, states)
    for found, expected in zip(kept.offsets(), (read.starts, read.ends)):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == np.int32
    np.testing.assert_array_equal(kept.feed("document", np.dtype(np.int32)), read.feeds["document"])
    found = kept.feed("span_states", np.dtype(np.float32))
    assert found.dtype == np.float32 and found.shape == (words, SIZE)
    np.testing.assert_allclose(found, read.feeds["span_states"], atol=atol)


@pytest.mark.parametrize(("longest", "most_id", "gap"), [(9, 200, 1), (300, 70_000, 1), (9, 9, 70_000)])
def test_numbers_of_any_size_are_kept(longest, most_id, gap):
    read = _read(50, longest, most_id, gap)
    kept = KeptDocument(read, "float16")
    np.testing.assert_array_equal(kept.offsets(), (read.starts, read.ends))
    np.testing.assert_array_equal(kept.feed("document", np.dtype(np.int32)), read.feeds["document"])


def test_a_word_takes_few_bytes():
    for states, expected in (("float32", 4 * SIZE), ("float16", 2 * SIZE), ("int8", SIZE + 4)):
        a_word = (KeptDocument(_read(4000), states).size - OBJECTS_BYTES) / 4000
        assert a_word == pytest.approx(expected + 4)  # two bytes of offsets, two of an id


def test_a_large_document_has_pages_of_its_own():
    kept = KeptDocument(_read(4000), "float16")
    states = kept.feed("span_states", np.dtype(np.float16))
    assert kept.size > OWN_PAGES and isinstance(states.base, mmap.mmap)
    assert states.base is kept.feed("document", np.dtype(np.uint16)).base
    small = KeptDocument(_read(10), "float16").feed("span_states", np.dtype(np.float16))
    assert not isinstance(small.base, mmap.mmap)


def test_documents_are_padded_to_the_longest():
    reads = [_read(words) for words in (3, 0, 5)]
    types = {"document": np.dtype(np.int32), "span_states": np.dtype(np.float32)}
    feeds = stacked([KeptDocument(read, "float32") for read in reads], types)
    assert feeds["document"].shape == (3, 5) and feeds["span_states"].shape == (3, 5, SIZE)
    for row, read in enumerate(reads):
        words = len(read.starts)
        np.testing.assert_array_equal(feeds["span_states"][row, :words], read.feeds["span_states"])
        assert not feeds["document"][row, words:].any() and not feeds["span_states"][row, words:].any()
    assert stacked([KeptDocument(reads[1], "float32")], types)["document"].shape == (1, 1)


def test_every_finite_float16_is_widened_exactly():
    numbers = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = numbers[np.isfinite(numbers)]
    found, expected = widened(finite), finite.astype(np.float32)
    np.testing.assert_array_equal(found.view(np.int32), expected.view(np.int32))
