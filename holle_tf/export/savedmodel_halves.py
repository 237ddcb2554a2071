"""The signatures ``encode`` and ``answer`` of a SavedModel: a document is read once, and then asked about.

What is kept of a document between them is described in ``models.halves``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from holle_tf.export.readback import Read
from holle_tf.export.student import Student
from holle_tf.models.halves import Halves, kept_states
from holle_tf.models.outputs import span_probabilities
from holle_tf.models.sam import INPUTS
from pipelines.records import split_input

ENCODE, ANSWER = "encode", "answer"


def half_signatures(student: Student, model: tf.keras.Model, states: str) -> dict[str, Any]:
    """Both halves, by name.

    ``encode``: int32 ids ``document``, (documents, length), and ``document_length``, (documents,). Outputs:
    what is kept, (documents, length, n) each.

    ``answer``: the inputs of the signature ``tokens``, and what is kept. The document's inputs and what is
    kept have a row for each question, or a single row for all questions. Outputs: ``start_probabilities``,
    ``end_probabilities``, float32 (questions, words of the document), zero on padding.

    Args:
        student: what is exported.
        model: its stock model, whose weights the halves share.
        states: float32 | float16, of what is kept.
    """
    halves, sizes = Halves(student.config, model), kept_states(student.config)
    names = (*student.inputs, *(f"{name}_length" for name in INPUTS), *sizes)

    def encode(document: tf.Tensor, document_length: tf.Tensor) -> dict[str, tf.Tensor]:
        kept = halves.encode(_wide(_real(document, document_length)))
        return {name: tf.cast(part[:, : tf.shape(document)[1]], states) for name, part in kept.items()}

    def answer(*values: tf.Tensor) -> dict[str, tf.Tensor]:
        given = dict(zip(names, values))
        inputs = {
            name: _wide(_real(given[name], given[f"{split_input(name)[0]}_length"]))
            for name in student.inputs
        }
        kept = {name: _wide(tf.cast(given[name], tf.float32)) for name in sizes}
        width = tf.shape(given["document"])[1]
        found = span_probabilities(halves.answer(kept, inputs))
        return {name: values[:, :width] for name, values in found.items()}

    lengths = [tf.TensorSpec([None], tf.int32, name=f"{name}_length") for name in INPUTS]
    ids = [tf.TensorSpec([None, None], tf.int32, name=name) for name in student.inputs]
    parts = [tf.TensorSpec([None, None, size], states, name=name) for name, size in sizes.items()]
    return {
        ENCODE: tf.function(encode, input_signature=[ids[0], lengths[0]], autograph=False),
        ANSWER: tf.function(answer, input_signature=[*ids, *lengths, *parts], autograph=False),
    }


def read_savedmodel_halves(folder: Path, threads: int) -> Read:
    """As ``savedmodel.read_savedmodel``, by both halves in turn."""
    del threads  # those of TensorFlow
    loaded = tf.saved_model.load(str(folder / "1"))
    encode, answer = (loaded.signatures[name] for name in (ENCODE, ANSWER))

    def read(ids: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        given = {name: tf.constant(values) for name, values in ids.items()}
        lengths = {f"{name}_length": tf.constant((ids[name] > 0).sum(axis=1), tf.int32) for name in INPUTS}
        kept = encode(document=given["document"], document_length=lengths["document_length"])
        return {name: value.numpy() for name, value in answer(**given, **lengths, **kept).items()}

    return read


def _real(numbers: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Zero behind each row's length."""
    return numbers * tf.sequence_mask(lengths, tf.shape(numbers)[1], numbers.dtype)


def _wide(values: tf.Tensor) -> tf.Tensor:
    """At least one word, because a recurrence needs a first step; padding is zero."""
    more = tf.maximum(1 - tf.shape(values)[1], 0)
    return tf.pad(values, [[0, 0], [0, more], *([[0, 0]] * (values.shape.rank - 2))])
