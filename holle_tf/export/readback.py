"""Use an export as a client would, on documents of any length: for measurements and comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Mapping

import numpy as np

from holle_tf.models.sam import INPUTS

CONTEXT_WORDS = 24  # of the query and of each history

Read = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


def load_reader(name: str, folder: Path, threads: int = 0) -> Read:
    """A function from word ids to probabilities, of an export.

    Args:
        name: of the format.
        folder: of the export.
        threads: that it may use; 0 = as many as it likes. A SavedModel takes those of TensorFlow.

    Returns:
        A function of int32 (1, length) ids of each text, at least one, 0 = padding, that gives
        ``start_probabilities`` and ``end_probabilities``, float32 (1, words of the document).
    """
    return {"savedmodel": _savedmodel, "onnx": _onnx, "tflite": _tflite}[name](folder, threads)


def random_ids(document_words: int, vocabulary: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Known words at random, int32 (1, length), for each of the student's texts."""
    rng = np.random.default_rng(seed)
    lengths = {name: document_words if name == "document" else CONTEXT_WORDS for name in INPUTS}
    return {name: rng.integers(2, max(vocabulary, 3), (1, n)).astype(np.int32) for name, n in lengths.items()}


def _savedmodel(folder: Path, threads: int) -> Read:
    import tensorflow as tf

    function = tf.saved_model.load(str(folder / "1")).signatures["tokens"]

    def read(ids: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        given = {name: tf.constant(values) for name, values in ids.items()}
        lengths = {
            f"{name}_length": tf.constant((values > 0).sum(axis=1), tf.int32) for name, values in ids.items()
        }
        return {name: value.numpy() for name, value in function(**given, **lengths).items()}

    return read


def _onnx(folder: Path, threads: int) -> Read:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return lambda ids: dict(zip(names, session.run(names, dict(ids))))


def _tflite(folder: Path, threads: int) -> Read:
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(str(folder / "model.tflite"), num_threads=threads or None)
    signature = interpreter.get_signature_runner()
    return lambda ids: signature(**ids)
