"""Hallucinated examples: the words of document, query and histories reordered (paper, section 4.2).

They have no labels, because reordering tears the span apart; the teacher's scores are all that a student
learns from them.
"""

from __future__ import annotations

from typing import Mapping

import tensorflow as tf

from pipelines.records import INPUTS

HALLUCINATED = "hallucinated:"  # prefix of the features of hallucinated examples
PARTS = INPUTS["question"]  # in this order


def reorder(features: Mapping[str, tf.Tensor], seed: tf.Tensor, null: bool = False) -> dict[str, tf.Tensor]:
    """Every text with its words in a random order; a word never leaves its text.

    Args:
        features: ids ``document`` and ``question`` (batch, length), and the parts of the question, as
            ``make_dataset`` gives them; each with or without ``_chars`` and ``_keys``.
        seed: int32, (2,); the same seed gives the same order.
        null: whether the first position of a document stands for "no answer"; it stays the first.

    Returns:
        The same features, of the same shapes.
    """
    seeds = tf.random.experimental.stateless_split(seed, 2)
    document, question = features["document"], features["question"]
    parts = tf.zeros_like(document)
    if null:
        parts -= tf.one_hot(tf.zeros_like(document[:, 0]), tf.shape(document)[1], dtype=document.dtype)
    reordered = _reordered(features, "document", _order(parts, document, seeds[0]))
    ends, part = [tf.zeros_like(question[:, 0])], tf.zeros_like(question)
    positions = tf.range(tf.shape(question)[1])[tf.newaxis]  # (1, question_len)
    for name in PARTS:
        ends.append(ends[-1] + tf.math.count_nonzero(features[name], axis=1, dtype=tf.int32))
        part += tf.cast(positions >= ends[-1][:, tf.newaxis], tf.int32)
    order = _order(part, question, seeds[1])  # (batch, question_len)
    reordered.update(_reordered(features, "question", order))
    for name, start in zip(PARTS, ends):
        # The same order as in the question, so that teacher and student read the same text.
        width = tf.shape(features[name])[1]
        index = start[:, tf.newaxis] + tf.range(width)[tf.newaxis]
        index = tf.minimum(index, tf.shape(question)[1] - 1)
        of_part = tf.gather(order, index, batch_dims=1) - start[:, tf.newaxis]  # (batch, width)
        of_part = tf.where(features[name] > 0, of_part, width - 1)  # padding, where there is any
        reordered.update(_reordered(features, name, of_part))
    return reordered


def with_hallucinations(
    batches: tf.data.Dataset, share: float, seed: int, null: bool = False
) -> tf.data.Dataset:
    """Add to every batch, under ``HALLUCINATED`` names, reordered copies of its first examples.

    Args:
        batches: of ``make_dataset``, with the inputs of a teacher and of the student.
        share: hallucinated examples per real example, at most 1; their number is rounded up.
        seed: of all orders; every epoch has new ones.
        null: see ``reorder``.
    """
    drawn = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2, drop_remainder=True)

    def add(batch: tuple, numbers: tf.Tensor) -> tuple:
        features, labels = batch
        count = tf.cast(tf.math.ceil(share * tf.cast(tf.shape(labels["start"])[0], tf.float32)), tf.int32)
        texts = ("document", "question", *PARTS)
        names = [name for text in texts for name in _features_of(features, text)]
        originals = {name: features[name][:count] for name in names}
        fresh = reorder(originals, tf.cast(numbers % (2**31), tf.int32), null)
        return {**features, **{HALLUCINATED + name: tensor for name, tensor in fresh.items()}}, labels

    total = batches.cardinality()
    both = tf.data.Dataset.zip((batches, drawn)).map(add, num_parallel_calls=2, deterministic=True)
    return both.apply(tf.data.experimental.assert_cardinality(total)).prefetch(2)


def _order(part: tf.Tensor, ids: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Indices (batch, length) that mix the words of each part and leave padding at the end."""
    last = tf.cast(tf.where(ids > 0, part, len(PARTS)), tf.float32)
    return tf.argsort(last + tf.random.stateless_uniform(tf.shape(ids), seed), axis=1)


def _reordered(features: Mapping[str, tf.Tensor], name: str, order: tf.Tensor) -> dict[str, tf.Tensor]:
    """All features of a text in another order of its words."""
    names = _features_of(features, name)
    return {key: tf.gather(features[key], order, batch_dims=1) for key in names}


def _features_of(features: Mapping[str, tf.Tensor], text: str) -> list[str]:
    """Names of the features of a text: its ids, and its characters and keys if there are any."""
    return [name for name in (text, f"{text}_chars", f"{text}_keys") if name in features]
