"""Joins padded texts without padding between them, as teachers read query and histories."""

from __future__ import annotations

from typing import Sequence

import tensorflow as tf


def join_texts(texts: Sequence[tf.Tensor], masks: Sequence[tf.Tensor], width: tf.Tensor) -> tf.Tensor:
    """Concatenate the real positions of ``texts``, row by row.

    Args:
        texts: each (batch, length_i, ...)
        masks: bool, (batch, length_i), true on real positions.
        width: of the result; at least the number of real positions of any row.

    Returns:
        (batch, width, ...), zero behind the real positions.
    """
    mask = tf.concat(masks, axis=1)  # (batch, sum of lengths)
    order = tf.argsort(tf.cast(~mask, tf.int32), axis=1, stable=True)[:, :width]
    joined = tf.gather(tf.concat(texts, axis=1), order, batch_dims=1)
    real = tf.cast(tf.gather(mask, order, batch_dims=1), joined.dtype)  # (batch, <= width)
    joined *= tf.reshape(real, tf.concat([tf.shape(real), tf.ones(tf.rank(joined) - 2, tf.int32)], 0))
    missing = width - tf.shape(joined)[1]
    return tf.pad(joined, [[0, 0], [0, missing]] + [[0, 0]] * (len(joined.shape) - 2))
