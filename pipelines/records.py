"""Encoded examples as TFRecord files: how one record is written, parsed and read back.

A record is a ``tf.train.Example`` whose arrays are raw little-endian bytes (int32 word ids, word keys and
character offsets, uint16 character ids), so that each of them becomes a padded tensor of a whole batch in
one ``decode_raw``.
Record ``i`` of a split goes to shard ``i % shards``: reading the shards in turn, one record each, restores
the order of the examples while every shard is read in parallel.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, Union

import numpy as np
import tensorflow as tf

from pipelines.encoding import EncodedExample
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.manifest import PreparedData

TEXTS = ("document", "query", "prober_history", "responder_history")
# Each input of a model and the stored texts that make it, one after the other.
INPUTS = {**{name: (name,) for name in TEXTS}, "question": ("query", "prober_history", "responder_history")}
STRINGS = ("example_id", "chat_id", "movie", *TEXTS, "answer", "response", "source")
OFFSETS = ("token_starts", "token_ends")
REFERENCES = "references"  # a JSON list of texts; records of examples without any lack it
ID_BYTES = 4  # int32: word ids, word keys, character offsets
CHAR_BYTES = 2  # uint16: character ids
KINDS = ("ids", "chars", "keys")  # of an input; chars and keys are suffixes of its name

_BUFFER = 1 << 18  # bytes that a reader keeps of each shard


def split_input(name: str) -> tuple[str, str]:
    """``"query_chars"`` -> ``("query", "chars")``; one of ``INPUTS`` and one of ``KINDS``.

    Raises:
        ValueError: no record has an input of this name.
    """
    base, kind = name, KINDS[0]
    for suffix in KINDS[1:]:
        if name.endswith(f"_{suffix}"):
            base, kind = name[: -len(suffix) - 1], suffix
    if base not in INPUTS:
        raise ValueError(
            f"unknown input {name!r}: not one of {', '.join(INPUTS)}, or one of them + '_chars' or '_keys'"
        )
    return base, kind


def stored_parts(base: str, kind: str) -> list[str]:
    """Names of the features of a record that make an input, one after the other."""
    return [part if kind == KINDS[0] else f"{part}_{kind}" for part in INPUTS[base]]


def to_proto(encoded: EncodedExample) -> bytes:
    """One record: the serialised ``tf.train.Example`` of an encoded example."""
    example = encoded.example
    features = {}
    for name in TEXTS:
        ids = getattr(encoded, name)
        features[name] = _bytes(np.asarray(ids, "<i4").tobytes())
        features[f"{name}_chars"] = _bytes(np.asarray(getattr(encoded, f"{name}_chars"), "<u2").tobytes())
        features[f"{name}_keys"] = _bytes(np.asarray(getattr(encoded, f"{name}_keys"), "<i4").tobytes())
        features[f"{name}_length"] = _int(len(ids))
    for name in OFFSETS:
        features[name] = _bytes(np.asarray(getattr(encoded, name), "<i4").tobytes())
    for name in ("start", "end"):
        features[name] = _int(getattr(encoded, name))
    for name in ("answer_start", "answer_end", "has_answer"):
        features[name] = _int(getattr(example, name))
    for name in STRINGS:
        features[f"{name}_text"] = _bytes(getattr(example, name).encode("utf-8"))
    if example.references:
        features[REFERENCES] = _bytes(json.dumps(example.references).encode("utf-8"))
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(
        deterministic=True
    )


def longest_inputs(lengths: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Words of the longest of each of ``INPUTS``; ``lengths`` are those of the texts of each example."""
    joined = {name: [sum(row[part] for part in parts) for row in lengths] for name, parts in INPUTS.items()}
    return {name: max(words, default=0) for name, words in joined.items()}


def serialised(paths: Sequence[Path], parallel: int = 1) -> tf.data.Dataset:
    """Serialised records (scalar strings) of one split's shards, in record order."""
    files = tf.data.Dataset.from_tensor_slices([str(path) for path in paths])
    return files.interleave(
        lambda path: tf.data.TFRecordDataset(path, compression_type="GZIP", buffer_size=_BUFFER),
        cycle_length=len(paths),  # all of them: this is what restores the order
        block_length=1,
        num_parallel_calls=min(parallel, len(paths)),
        deterministic=True,
    )


def parse(
    record: tf.Tensor, inputs: Sequence[str], texts: bool = False, ids: bool = False
) -> dict[str, tf.Tensor]:
    """The parts of one serialised record that are asked for, still as the bytes they were stored in.

    Bytes are the smallest form, which is what a shuffle buffer should hold; ``decode`` makes tensors of
    them once they are in batches.

    Args:
      record: scalar string.
      inputs: names of ``INPUTS``, each with or without ``_chars`` or ``_keys``.
      texts: also the strings and token offsets that a prediction needs.
      ids: also ``example_id``, which is among the texts.

    Returns:
      ``document`` and every stored text that ``inputs`` are made of (scalar strings of bytes), ``start``
      and ``end`` (scalar int64); with texts ``example_id``, ``chat_id``, ``document_text``, ``answer``,
      ``references`` (a JSON list), ``token_starts``, ``token_ends`` (scalar strings).
    """
    wanted = {"document": "document"}  # the labels are positions in it
    for name in inputs:
        stored = stored_parts(*split_input(name))
        wanted.update(zip(stored, stored))
    if texts:
        wanted.update({name: f"{name}_text" for name in ("example_id", "chat_id", "answer")})
        wanted["document_text"] = "document_text"
        wanted.update(zip(OFFSETS, OFFSETS))
    elif ids:
        wanted["example_id"] = "example_id_text"
    spec = {stored: tf.io.FixedLenFeature([], tf.string) for stored in wanted.values()}
    spec.update({name: tf.io.FixedLenFeature([], tf.int64) for name in ("start", "end")})
    if texts:
        wanted[REFERENCES] = REFERENCES
        spec[REFERENCES] = tf.io.FixedLenFeature([], tf.string, default_value="[]")
    values = tf.io.parse_single_example(record, spec)
    raw = {name: values[stored] for name, stored in wanted.items()}
    return {**raw, "start": values["start"], "end": values["end"]}


def decode(
    raw: dict[str, tf.Tensor], inputs: Sequence[str], width_of: Callable[[str, Any], Any], max_word_chars: int
) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
    """Tensors of a batch of parsed records, padded with 0.

    Args:
      raw: what ``parse`` gives, batched: every value (batch,).
      inputs: as for ``parse``.
      width_of: function (name in ``INPUTS``, int32 scalar: longest length in the batch) ->
        width to pad to, an int or an int32 scalar >= 1 and >= the longest length.
      max_word_chars: characters stored of each word.

    Returns:
      features: every input, int32 (batch, width) or (batch, width, max_word_chars); the texts of ``parse``
        where present, with offsets int32 (batch, document width).
      labels: ``start`` and ``end``, int32 (batch,).
    """
    widths = {base: width_of(base, _longest(raw, base, max_word_chars)) for base in _bases(inputs)}
    features = {}
    for name in inputs:
        base, kind = split_input(name)
        width = widths[base]
        joined = tf.strings.join([raw[part] for part in stored_parts(base, kind)])
        if kind == "chars":
            flat = _padded(joined, tf.uint16, CHAR_BYTES, width * max_word_chars)
            features[name] = tf.reshape(flat, (-1, width, max_word_chars))  # (batch, width, chars)
        else:
            features[name] = _padded(joined, tf.int32, ID_BYTES, width)  # (batch, width)
    for name in ("example_id", "chat_id", "document_text", "answer", REFERENCES):
        if name in raw:
            features[name] = raw[name]
    for name in OFFSETS:
        if name in raw:
            features[name] = _padded(raw[name], tf.int32, ID_BYTES, widths["document"])
    return features, {name: tf.cast(raw[name], tf.int32) for name in ("start", "end")}


def read_examples(prepared: PreparedData, split: str) -> list[Example]:
    """All of ``iterate_examples`` in memory."""
    return list(iterate_examples(prepared, split))


def iterate_examples(prepared: PreparedData, split: str) -> Iterator[Example]:
    """The examples of a split, decoded from the records, in record order (that of an unshuffled dataset).

    Raises UserError when a shard cannot be read to its end, or the shards hold another number of examples
    than the manifest says.
    """
    read, count = 0, prepared.count(split)
    try:
        for record in serialised(prepared.shards(split)).as_numpy_iterator():
            features = tf.train.Example.FromString(record).features.feature
            read += 1
            text = {name: features[f"{name}_text"].bytes_list.value[0] for name in STRINGS}
            number = {
                n: features[n].int64_list.value[0] for n in ("answer_start", "answer_end", "has_answer")
            }
            yield Example(
                **{name: value.decode("utf-8") for name, value in text.items()},
                answer_start=number["answer_start"],
                answer_end=number["answer_end"],
                has_answer=bool(number["has_answer"]),
                references=tuple(_references(features)),
            )
    except (tf.errors.DataLossError, tf.errors.NotFoundError) as error:
        raise UserError(
            f"{prepared.folder}: a {split} shard is damaged ({error.message}); "
            "delete the folder and prepare again"
        ) from error
    if read != count:  # GZIP that was cut between two of its members has no error of its own
        raise UserError(
            f"{prepared.folder}: the {split} shards hold {read} examples instead of {count}; "
            "delete the folder and prepare again"
        )


def _references(features: Mapping[str, Any]) -> list[str]:
    return json.loads(features[REFERENCES].bytes_list.value[0]) if REFERENCES in features else []


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _int(value: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[int(value)]))


def _bases(inputs: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(["document", *(split_input(name)[0] for name in inputs)]))


def _longest(raw: dict[str, tf.Tensor], base: str, max_word_chars: int) -> tf.Tensor:
    """Most words of an input in a batch, from whichever of its kinds was parsed."""
    word = {"ids": ID_BYTES, "chars": CHAR_BYTES * max_word_chars, "keys": ID_BYTES}
    kind = next(kind for kind in KINDS if all(part in raw for part in stored_parts(base, kind)))
    sizes = [tf.strings.length(raw[part]) // word[kind] for part in stored_parts(base, kind)]
    return tf.reduce_max(tf.add_n(sizes))


def _padded(values: tf.Tensor, dtype: tf.DType, item_bytes: int, width: Union[int, tf.Tensor]) -> tf.Tensor:
    """(batch,) strings of raw items -> int32 (batch, width), zeros after the last item."""
    decoded = tf.cast(tf.io.decode_raw(values, dtype, fixed_length=width * item_bytes), tf.int32)
    static = width if isinstance(width, int) else None
    return tf.ensure_shape(decoded, (None, static))
