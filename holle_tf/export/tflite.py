"""TensorFlow Lite: the student over word ids, for phones and small devices."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from holle_tf.export.client_files import write_client_files
from holle_tf.export.readback import Read
from holle_tf.export.student import Student
from holle_tf.export.tflite_file import in_tflite, open_tflite, variables_of
from holle_tf.export.tflite_halves import HALVES, halves_model
from holle_tf.models.outputs import span_probabilities
from holle_tf.options.export import ExportConfig

MODEL = "model.tflite"


def export_tflite(student: Student, folder: Path, options: ExportConfig) -> None:
    """Write ``model.tflite``, its halves and what a client needs beside them.

    One example at a time. Inputs of the only signature: int32 ids ``document``, ``query``,
    ``prober_history``, ``responder_history``, (1, length), 0 = padding, at least one; and of a student with
    match features as many keys, ``document_keys`` and so on (``pipelines.word_keys``). Outputs:
    ``start_probabilities``, ``end_probabilities``, float32 (1, words of the document), zero on padding.

    Args:
        student: what is exported.
        folder: an existing one.
        options: ``quantization`` says how weights are stored, and ``document_states`` what is kept of a
            document between the signatures of ``halves.tflite`` (``tflite_halves``); none = no such file.
    """
    (folder / MODEL).write_bytes(tflite_model(student, options.quantization))
    if options.document_states != "none":
        (folder / HALVES).write_bytes(halves_model(student, options.quantization, options.document_states))
    write_client_files(student, folder)


def read_tflite(folder: Path, threads: int) -> Read:
    """See ``readback.load_reader``."""
    signature = open_tflite(folder / MODEL, threads).get_signature_runner()
    return lambda ids: signature(**ids)


def tflite_model(student: Student, quantization: str) -> bytes:
    """The contents of the file that ``export_tflite`` writes.

    Args:
        student: what is exported.
        quantization: none | float16 | int8: of the weights ("dynamic range": activations stay floats).
    """
    model = student.stock_model()

    def probabilities(*given: tf.Tensor) -> dict[str, tf.Tensor]:
        return span_probabilities(model(dict(zip(student.inputs, given)), training=False))

    specs = [tf.TensorSpec([1, None], tf.int32, name=name) for name in student.inputs]
    function = tf.function(probabilities, autograph=False).get_concrete_function(*specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], variables_of(model))
    return in_tflite(converter, quantization)
