"""``pipelines.word_keys`` as stock TensorFlow operations, over all words of a batch at once."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from pipelines.word_keys import CRC_BITS, KEY_BYTES, STEM_BITS, STEM_CHARS, WORD_BITS

_REVERSED_POLYNOMIAL = 0xEDB88320  # of CRC-32 (ITU-T V.42)
_ONES = 0xFFFFFFFF


def keys_in_graph(forms: tf.Tensor) -> tf.Tensor:
    """The key of each lookup form.

    Args:
        forms: string (words,), UTF-8.

    Returns:
        int32 (words,), from 1 to 2**31 - 1.
    """
    stem = tf.bitwise.bitwise_and(
        _crc(tf.strings.substr(forms, 0, STEM_CHARS, "UTF8_CHAR")), (1 << STEM_BITS) - 1
    )
    word = tf.bitwise.right_shift(_crc(forms), tf.constant(CRC_BITS - WORD_BITS, tf.int64))
    return tf.cast(tf.maximum(stem * (1 << WORD_BITS) + word, 1), tf.int32)


def _crc(forms: tf.Tensor) -> tf.Tensor:
    """CRC-32 of the first ``KEY_BYTES`` bytes of each string, int64 (words,)."""
    table = tf.constant(_crc_table())
    bytes_ = tf.cast(
        tf.io.decode_raw(forms, tf.uint8, fixed_length=KEY_BYTES), tf.int64
    )  # (words, KEY_BYTES)
    lengths = tf.minimum(tf.strings.length(forms), KEY_BYTES)

    def next_byte(place: tf.Tensor, crc: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        index = tf.bitwise.bitwise_and(tf.bitwise.bitwise_xor(crc, bytes_[:, place]), 0xFF)
        shifted = tf.bitwise.right_shift(crc, tf.constant(8, tf.int64))
        following = tf.bitwise.bitwise_xor(tf.gather(table, index), shifted)
        return place + 1, tf.where(place < lengths, following, crc)

    longest = tf.reduce_max(tf.concat([lengths, [0]], axis=0))
    start = tf.fill(tf.shape(forms), tf.constant(_ONES, tf.int64))
    _, crc = tf.while_loop(lambda place, _: place < longest, next_byte, (0, start))
    return tf.bitwise.bitwise_xor(crc, _ONES)


def _crc_table() -> np.ndarray:
    """int64 (256,): the CRC of each byte."""
    table = np.arange(256, dtype=np.int64)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ _REVERSED_POLYNOMIAL, table >> 1)
    return table
