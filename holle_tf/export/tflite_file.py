"""Write and open a TensorFlow Lite file."""

from __future__ import annotations

import warnings
from pathlib import Path

import tensorflow as tf

from holle_tf.export.tflite_compact import compacted


def variables_of(model: tf.keras.Model) -> tf.Module:
    """What the converter has to track of a model: with more, Keras would trace every layer on its own."""
    module = tf.Module(name="student")
    module.all = list(model.variables)
    return module


def in_tflite(converter: tf.lite.TFLiteConverter, quantization: str) -> bytes:
    """The contents of a ``.tflite`` file.

    Args:
        converter: of the functions.
        quantization: none | float16 | int8: of the weights ("dynamic range": activations stay floats).
    """
    if quantization != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return compacted(converter.convert())


def open_tflite(path: Path, threads: int) -> tf.lite.Interpreter:
    """An interpreter of a file, on so many threads; 0 = no limit."""
    with warnings.catch_warnings():
        # TensorFlow 2.21 warns that another package will have it one day (docs/decisions.md).
        warnings.filterwarnings("ignore", r"\s*Warning: tf\.lite\.Interpreter is deprecated", UserWarning)
        return tf.lite.Interpreter(str(path), num_threads=threads or None)
