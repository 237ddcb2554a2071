"""TensorFlow Lite: the student over word ids, for phones and small devices."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Callable

import tensorflow as tf

from holle_tf.export.client_files import write_client_files
from holle_tf.export.readback import Read
from holle_tf.export.student import Student
from holle_tf.export.tflite_compact import compacted
from holle_tf.models.layers.masking import masked_softmax
from holle_tf.options.export import ExportConfig

MODEL = "model.tflite"


def export_tflite(student: Student, folder: Path, options: ExportConfig) -> None:
    """Write ``model.tflite`` and what a client needs beside it.

    One example at a time. Inputs of the only signature: int32 ids ``document``, ``query``,
    ``prober_history``, ``responder_history``, (1, length), 0 = padding, at least one; and of a student with
    match features as many keys, ``document_keys`` and so on (``pipelines.word_keys``). Outputs:
    ``start_probabilities``, ``end_probabilities``, float32 (1, words of the document), zero on padding.

    Args:
        student: what is exported.
        folder: an existing one.
        options: ``quantization`` says how weights are stored.
    """
    (folder / MODEL).write_bytes(tflite_model(student, options.quantization))
    write_client_files(student, folder)


def read_tflite(folder: Path, threads: int) -> Read:
    """See ``readback.load_reader``."""
    with warnings.catch_warnings():
        # TensorFlow 2.21 warns that another package will have it one day (docs/decisions.md).
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)
        interpreter = tf.lite.Interpreter(str(folder / MODEL), num_threads=threads or None)
    signature = interpreter.get_signature_runner()
    return lambda ids: signature(**ids)


def tflite_model(student: Student, quantization: str) -> bytes:
    """The contents of the file that ``export_tflite`` writes.

    Args:
        student: what is exported.
        quantization: none | float16 | int8: of the weights ("dynamic range": activations stay floats).
    """
    model = student.stock_model()

    def probabilities(*given: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = model(dict(zip(student.inputs, given)), training=False)
        mask = outputs["document_mask"]
        return {
            f"{edge}_probabilities": masked_softmax(outputs[f"{edge}_logits"], mask)
            for edge in ("start", "end")
        }

    specs = [tf.TensorSpec([1, None], tf.int32, name=name) for name in student.inputs]
    return converted(probabilities, specs, model, quantization)


def converted(
    compute: Callable[..., dict[str, tf.Tensor]],
    specs: Sequence[tf.TensorSpec],
    model: tf.keras.Model,
    quantization: str = "none",
) -> bytes:
    """A function in TensorFlow Lite.

    Args:
        compute: what computes the outputs by their names.
        specs: its arguments.
        model: has the variables that it uses.
        quantization: as of ``tflite_model``.
    """
    function = tf.function(compute, autograph=False).get_concrete_function(*specs)
    # Only the variables: the converter would trace every layer of a model on its own.
    variables = tf.Module(name="student")
    variables.all = list(model.variables)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], variables)
    if quantization != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return compacted(converter.convert())
