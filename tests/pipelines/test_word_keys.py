"""Keys of words: equal for equal words, and computed alike wherever they are needed."""

import random
import zlib

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from holle_tf.export.graph_keys import keys_in_graph
from pipelines.word_keys import KEY_BYTES, WORD_BITS, word_key, word_keys

WORDS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=80)


def test_a_key_is_made_of_published_values_of_crc_32():
    # The check value of CRC-32, that of "123456789", is 0xCBF43926; that of "12345" is 0xCBF53A1C.
    assert word_key("123456789") == 0x3A1C << 15 | 0xCBF43926 >> 17
    crc = zlib.crc32(b"caf\xc3\xa9")
    assert word_key("café") == crc % 2**16 << 15 | crc >> 17


def test_a_key_is_never_that_of_padding():
    assert word_key("") == 1


def test_words_that_begin_alike_share_the_high_bits():
    stems = [word_key(word) >> WORD_BITS for word in ("invade", "invaded", "invading", "invite", "inva")]
    assert stems[0] == stems[1] == stems[2] and len(set(stems)) == 3


def test_different_words_have_different_keys():
    letters, alphabet = random.Random(0), "abcdefghijklmnopqrstuvwxyzé"
    short = {"".join(letters.choices(alphabet, k=letters.randint(2, 5))) for _ in range(8000)}
    long = {f"{word}{ending}" for word in short for ending in ("xing", "xed")}
    for words, most in ((short, 0), (long, 25)):
        assert len(words) - len(set(word_keys(words))) <= most


def test_only_the_first_bytes_count():
    long = "é" * KEY_BYTES
    assert word_key(long) == word_key(long + "s") != word_key("é" * (KEY_BYTES // 2 - 1))


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=12))
def test_the_graph_computes_the_same_keys(words):
    found = keys_in_graph(tf.constant(words, tf.string)).numpy()
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, word_keys(words))
