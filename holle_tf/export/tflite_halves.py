"""The halves of a student in TensorFlow Lite: a document is read once, and then asked about.

One file has both, as the signatures ``encode`` and ``answer``, because they share the word vectors. What is
kept of a document between them is described in ``models.halves``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from holle_tf.export.readback import Read
from holle_tf.export.student import Student
from holle_tf.export.tflite_file import in_tflite, open_tflite, variables_of
from holle_tf.models.halves import Halves, kept_states
from holle_tf.models.outputs import span_probabilities

HALVES = "halves.tflite"
ENCODE, ANSWER = "encode", "answer"


def halves_model(student: Student, quantization: str, states: str) -> bytes:
    """A file with both signatures, each of one document at a time.

    ``encode``: int32 ids ``document``, (1, length), 0 = padding. Outputs: what is kept, (1, length, n) each.

    ``answer``: the inputs of ``model.tflite``, and what is kept. Outputs: ``start_probabilities``,
    ``end_probabilities``, float32 (1, words of the document), zero on padding.

    Args:
        student: what is exported.
        quantization: as of ``tflite_model``.
        states: float32 | float16, of what is kept.
    """
    model, sizes = student.stock_model(), kept_states(student.config)
    halves = Halves(student.config, model)
    ids = {name: tf.TensorSpec([1, None], tf.int32, name=name) for name in student.inputs}
    parts = {name: tf.TensorSpec([1, None, size], states, name=name) for name, size in sizes.items()}

    def encode(document: tf.Tensor) -> dict[str, tf.Tensor]:
        return {name: tf.cast(part, states) for name, part in halves.encode(document).items()}

    def answer(*values: tf.Tensor) -> dict[str, tf.Tensor]:
        given = dict(zip((*ids, *parts), values))
        kept = {name: tf.cast(given[name], tf.float32) for name in parts}
        return span_probabilities(halves.answer(kept, {name: given[name] for name in ids}))

    signatures = {
        ENCODE: tf.function(encode, autograph=False).get_concrete_function(ids["document"]),
        ANSWER: tf.function(answer, autograph=False).get_concrete_function(*ids.values(), *parts.values()),
    }
    with tempfile.TemporaryDirectory() as scratch:
        tf.saved_model.save(variables_of(model), scratch, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(scratch, signature_keys=list(signatures))
        return in_tflite(converter, quantization)


def read_tflite_halves(folder: Path, threads: int) -> Read:
    """As ``tflite.read_tflite``, by both halves in turn."""
    interpreter = open_tflite(folder / HALVES, threads)
    encode, answer = (interpreter.get_signature_runner(name) for name in (ENCODE, ANSWER))

    def read(ids: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        return answer(**ids, **encode(document=ids["document"]))

    return read
