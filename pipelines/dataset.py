"""Batches of tensors from prepared records (``tf.data``).

A record stays the bytes it was stored in until its batch is complete, and a batch becomes padded tensors in
one pass: the shuffle buffer and the buckets hold the smallest form, and no example is handled on its own
more than once.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, Optional, Union

import numpy as np
import tensorflow as tf

from pipelines.encoding import EncodedExample
from pipelines.errors import UserError
from pipelines.parallel import cores
from pipelines.pool import POOL, Pool
from pipelines.prepare import PreparedData
from pipelines.records import (
    CHAR_BYTES,
    ID_BYTES,
    TEXTS,
    decode,
    parse,
    serialised,
    split_input,
    stored_parts,
)

DOCUMENT_STEP = 32  # a document's width, unshuffled, is a multiple of this
TEXT_STEP = 16  # as is that of any other text
LONG_STEP = 64  # and of a document longer than the last boundary
SHUFFLE_BYTES = 512 << 20  # most memory of the shuffle buffer
BATCH_SHUFFLE_BYTES = 128 << 20  # and of the one that mixes whole batches
BATCH_SHUFFLE = 16  # most batches in it
MOST_THREADS = 8  # of reading, and of decoding


def document_boundaries() -> list[int]:
    """Widths that shuffled documents are padded to: few, and none much wider than the one before.

    Multiples of 16 up to 256, of 32 up to 512, then of 64, each 1.125 times the one before, up to 20,480.
    """
    boundaries = [*range(TEXT_STEP, 256, TEXT_STEP), *range(256, 512 + 1, DOCUMENT_STEP)]
    while boundaries[-1] < 20480:
        wider = round_up(int(boundaries[-1] * 1.125) - LONG_STEP // 2, LONG_STEP)
        boundaries.append(min(20480, max(boundaries[-1] + LONG_STEP, wider)))
    return boundaries


def make_dataset(
    prepared: PreparedData,
    split: str,
    *,
    inputs: Sequence[str],
    batch_size: int,
    shuffle: bool = False,
    seed: int = 0,
    extra: Optional[tf.data.Dataset] = None,
    pool: Optional[Pool] = None,
    texts: bool = False,
    static_shapes: bool = False,
    drop_remainder: bool = False,
    shard: Optional[tuple[int, int]] = None,
    limit: Optional[int] = None,
    taken: Optional[np.ndarray] = None,
) -> tf.data.Dataset:
    """Padded batches of one split.

    Unshuffled, batches are in record order and a document's width is the longest of the batch rounded up
    to a multiple of 32. Shuffled, examples of similar document length share a batch, whose document width
    is one of ``document_boundaries`` (or, beyond them, a multiple of 64); each epoch has another order
    and gives every example exactly once, in ``ceil(examples / batch_size)`` batches of which only one may
    be smaller. Other texts are as wide as a multiple of 16, and never narrower than 16.

    Args:
      prepared: the prepared data.
      split: train, dev or test.
      inputs: names among document, query, prober_history, responder_history and question (the last three
        of them joined without padding between), each with or without ``_chars`` or ``_keys``.
      batch_size: examples in a batch.
      shuffle: shuffle and bucket; otherwise record order.
      seed: of the shuffle. The same seed gives the same sequence of epochs.
      extra: dataset of dicts of float tensors, each (document length,), one for every record of the split,
        then for every one of ``pool``, in record order; they join the labels, padded with 0. Scalar strings
        among them are ids of examples, and have to be those of the examples that they meet.
      pool: examples without labels that follow those of the split, as if they were its last ones. Their
        ``start`` and ``end`` are -1.
      texts: also features example_id, chat_id, document_text, answer, references (a JSON list; all string,
        (batch,)) and token_starts, token_ends (int32, (batch, document width): character offsets of the
        document's tokens).
      static_shapes: every batch has the width of the longest texts of all splits and of ``pool``, rounded
        up to a multiple of 16, and the last, smaller batch is left out. For compilers that want one shape.
      drop_remainder: leave out the last, smaller batch.
      shard: (count, index): only the examples ``index, index + count, ...``, for one worker of ``count``.
      limit: only the first examples (of all workers together).
      taken: bool (examples of the split,): only the examples where it is true, which are then all that
        ``shard``, ``limit`` and the number of batches refer to. ``extra`` still has one for every record.

    Returns:
      Dataset of (features, labels): every input int32 (batch, width) or (batch, width, max_word_chars);
      labels ``start`` and ``end`` int32 (batch,), and what ``extra`` has. Padding is 0. The number of
      batches is known to ``cardinality()``.

    Raises:
      UserError: ``_keys`` are wanted, and the data were prepared before there were any.
      ValueError: an unknown input, or ``extra`` of another number of elements or with the name of a label.
        While iterating, ``tf.errors.InvalidArgumentError`` if a tensor of ``extra`` is not as long as its
        document or has the id of another example, and ``tf.errors.FailedPreconditionError`` if records or
        ``extra`` end early.
    """
    kinds = {split_input(name)[1] for name in inputs}
    if "keys" in kinds and not prepared.has_keys:
        raise UserError(
            f"{prepared.folder}: prepared by a version with other keys of words, or none;"
            " --mode=prepare with the same options adds them"
        )
    threads = min(cores(), MOST_THREADS)
    total = prepared.count(split)
    max_word_chars = prepared.config.max_word_chars

    records = serialised(prepared.shards(split), parallel=threads)
    if pool is not None:
        of_pool = serialised(pool.prepared.shards(POOL), parallel=threads).take(pool.examples)
        records, total = records.concatenate(of_pool), total + pool.examples
    extra_ids = (
        [] if extra is None else [n for n, spec in extra.element_spec.items() if spec.dtype == tf.string]
    )
    records = records.map(
        lambda record: parse(record, inputs, texts, bool(extra_ids)),
        num_parallel_calls=threads,
        deterministic=True,
    )
    if extra is not None:
        known = int(extra.cardinality())
        if known >= 0 and known != total:
            raise ValueError(f"extra has {known} elements, {split} has {total} examples")
        if clash := {"start", "end"} & set(extra.element_spec):
            raise ValueError(f"extra must not replace the labels {sorted(clash)}")
        records = tf.data.Dataset.zip((records, extra)).map(functools.partial(_join_extra, extra_ids, texts))
    # Whatever ends early (a shard, or an `extra` of unknown length) is then an error, not a short epoch.
    records = records.apply(tf.data.experimental.assert_cardinality(total))

    count = total
    if taken is not None:
        if taken.shape != (total,):
            raise ValueError(f"taken has the shape {taken.shape}, {split} has {total} examples")
        count = int(taken.sum())
        chosen = tf.data.Dataset.zip((records, tf.data.Dataset.from_tensor_slices(taken)))
        records = chosen.filter(lambda _, wanted: wanted).map(lambda record, _: record)
        records = records.apply(tf.data.experimental.assert_cardinality(count))
    if limit is not None:
        records, count = records.take(limit), min(limit, count)
    if shard is not None:
        records, count = records.shard(*shard), len(range(shard[1], count, shard[0]))
    if shuffle and count:
        example_bytes = _example_bytes(prepared, split)
        if pool is not None:
            example_bytes = max(example_bytes, _example_bytes(pool.prepared, POOL))
        records = records.shuffle(_fitting(SHUFFLE_BYTES, example_bytes, count), seed=seed)
        if not static_shapes:
            records = _by_length(records, batch_size)

    drop_remainder = drop_remainder or static_shapes
    batches = records.padded_batch(batch_size, drop_remainder=drop_remainder)
    number = count // batch_size if drop_remainder else math.ceil(count / batch_size)
    batches = batches.apply(tf.data.experimental.assert_cardinality(number))
    if shuffle and count and not static_shapes:
        # Batches of one width do not come in a row, nor the rests of the buckets at the end.
        fitting = _fitting(BATCH_SHUFFLE_BYTES, batch_size * example_bytes, BATCH_SHUFFLE)
        batches = batches.shuffle(fitting, seed=seed)

    longest_texts = dict(prepared.manifest["longest"])
    if pool is not None:
        other = pool.prepared.manifest["longest"]
        longest_texts = {name: max(words, other[name]) for name, words in longest_texts.items()}
    widths = _Widths(longest_texts if static_shapes else None, bucketed=shuffle)
    extra_names = [] if extra is None else sorted(set(extra.element_spec) - set(extra_ids))

    def tensors(raw: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        features, labels = decode(raw, inputs, widths, max_word_chars)
        longest = tf.reduce_max(tf.strings.length(raw["document"])) // 4
        for name in extra_names:
            width = widths("document", longest)
            values = raw[_EXTRA + name]  # (batch, longest)
            padded = tf.pad(values, [[0, 0], [0, width - tf.shape(values)[1]]])
            labels[name] = tf.ensure_shape(padded, (None, width if isinstance(width, int) else None))
        return features, labels

    batches = batches.map(tensors, num_parallel_calls=threads, deterministic=True).prefetch(2)
    return batches.with_options(_options(shard))


def features_of(encoded: Sequence[EncodedExample], inputs: Sequence[str]) -> dict[str, np.ndarray]:
    """The inputs of examples that are in no record, padded as an unshuffled batch is.

    Returns int32 arrays: (batch, width), and (batch, width, max_word_chars) for ``_chars``.
    """
    width_of = _Widths(None, bucketed=False)
    features = {}
    for name in inputs:
        base, kind = split_input(name)
        parts = stored_parts(base, kind)
        rows = [np.concatenate([getattr(example, part) for part in parts]) for example in encoded]
        width = width_of(base, max((len(row) for row in rows), default=0))
        shape = (len(rows), width, *(rows[0].shape[1:] if rows else ()))
        features[name] = np.zeros(shape, np.int32)
        for i, row in enumerate(rows):
            features[name][i, : len(row)] = row
    return features


def round_up(length: Any, step: int) -> Any:
    """The least positive multiple of ``step`` that is not below ``length`` (an int or an integer tensor)."""
    if isinstance(length, tf.Tensor):
        return tf.maximum(-(-length // step), 1) * step
    return max(-(-int(length) // step), 1) * step


_EXTRA = "extra:"  # keeps the names of `extra` apart from those of the records


class _Widths:
    """Which width a batch's texts are padded to, by the longest of them (see ``make_dataset``)."""

    def __init__(self, longest: Optional[dict[str, int]], bucketed: bool):
        self._longest = longest
        self._bucketed = bucketed

    def __call__(self, base: str, length: Union[int, tf.Tensor]) -> Any:
        if self._longest is not None:
            return round_up(self._longest[base], TEXT_STEP)
        if base != "document":
            return round_up(length, TEXT_STEP)
        return bucket_of(length) if self._bucketed else round_up(length, DOCUMENT_STEP)


def bucket_of(length: tf.Tensor) -> tf.Tensor:
    """The width that shuffled documents of this length are padded to; int32 scalars."""
    boundaries = document_boundaries()
    index = tf.searchsorted(boundaries, length[None])[0]
    within = tf.gather(boundaries, tf.minimum(index, len(boundaries) - 1))
    return tf.where(index < len(boundaries), within, round_up(length, LONG_STEP))


def _by_length(records: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """Reorder so that cutting the stream every ``batch_size`` elements gives batches of one bucket.

    A window is ``batch_size`` examples of one bucket; the windows that never filled come last, from the
    shortest bucket to the longest, so that they too share batches with their likes. Flattened, all of
    it is cut at the right places by a plain batch, and no bucket leaves a small batch behind.
    """

    def key(raw: dict[str, tf.Tensor]) -> tf.Tensor:
        return tf.cast(bucket_of(tf.strings.length(raw["document"]) // 4), tf.int64)

    return records.group_by_window(key, lambda _, window: window, window_size=batch_size)


def _join_extra(
    ids: Sequence[str], texts: bool, raw: dict[str, tf.Tensor], extra: dict[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    length = tf.strings.length(raw["document"]) // 4
    raw, extra = dict(raw), dict(extra)
    same = [
        tf.debugging.assert_equal(extra.pop(name), raw["example_id"], f"extra {name!r} is of another example")
        for name in ids
    ]
    with tf.control_dependencies(same):
        raw["start"] = tf.identity(raw["start"])
    if ids and not texts:
        del raw["example_id"]
    for name, values in extra.items():
        fits = tf.debugging.assert_equal(
            tf.shape(values), length[None], message=f"extra {name!r} is not as long as its document"
        )
        with tf.control_dependencies([fits]):
            raw = {**raw, _EXTRA + name: tf.identity(values)}
    return raw


def _example_bytes(prepared: PreparedData, split: str) -> int:
    """About how much memory the parsed bytes of an example take: ids, characters and a teacher's logits.

    Also where less is read: students of one seed then have buffers of one size, and so one order of the
    examples, whatever they and their teachers read.
    """
    words = prepared.mean_words(split)
    word_bytes = ID_BYTES + CHAR_BYTES * prepared.config.max_word_chars
    logits = 2 * 4 * words["document"]
    overhead = 1000  # of the tensors
    return math.ceil(overhead + word_bytes * sum(words[name] for name in TEXTS) + logits)


def _fitting(budget: int, item_bytes: int, most: int) -> int:
    return max(1, min(most, budget // item_bytes))


def _options(shard: Optional[tuple[int, int]]) -> tf.data.Options:
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False  # threads and buffers are fixed above, so memory is bounded
    policy = tf.data.experimental.AutoShardPolicy
    # Records are spread over all files, so sharding by file would tear nothing apart but the order; a
    # dataset that is one worker's share already must not be divided again.
    options.experimental_distribute.auto_shard_policy = policy.DATA if shard is None else policy.OFF
    return options
