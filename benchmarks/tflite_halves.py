"""Whether the two halves of a student pay in TensorFlow Lite, beside ONNX.

    .venv/bin/python -m benchmarks.tflite_halves --lengths=256,1200,5000

A student of the published size with random weights. Each number is the median processor time of a call on one
thread, in milliseconds: of the whole model, of ``encode``, and of ``answer`` with float32 states. No export
writes these TensorFlow Lite files; docs/export.md says why. The last line is JSON.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Mapping

import numpy as np
from absl import app, flags

from benchmarks.markdown import markdown
from benchmarks.models import WORDS
from benchmarks.untrained_exports import CONTEXT, export, untrained

_LENGTHS = flags.DEFINE_list("lengths", ["256", "1200", "5000"], "words of the documents")
_STUDENT = flags.DEFINE_string("student", "sam", "of the catalogue")
_MOST, _LONGEST = 9, 3.0  # calls, and seconds of all calls together
PARTS = ("whole", "encode", "answer")
Call = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


def tflite(student: Any) -> dict[str, tuple[Call, int]]:
    """The whole model and its halves, each with the bytes of its file."""
    import tensorflow as tf

    from holle_tf.export.tflite import converted, tflite_model
    from holle_tf.models.halves import Halves, kept_states
    from holle_tf.models.layers.masking import masked_softmax
    from holle_tf.models.outputs import EDGES

    model, sizes = student.stock_model(), kept_states(student.config)
    halves = Halves(student.config, model)
    ids = {name: tf.TensorSpec([1, None], tf.int32, name=name) for name in student.inputs}
    states = {name: tf.TensorSpec([1, None, size], tf.float32, name=name) for name, size in sizes.items()}

    def answer(*given: tf.Tensor) -> dict[str, tf.Tensor]:
        named = dict(zip((*ids, *states), given))
        found = halves.answer({name: named[name] for name in states}, {name: named[name] for name in ids})
        logits = {f"{edge}_probabilities": found[f"{edge}_logits"] for edge in EDGES}
        return {name: masked_softmax(values, found["document_mask"]) for name, values in logits.items()}

    files = {
        "whole": tflite_model(student, "none"),
        "encode": converted(halves.encode, [ids["document"]], model),
        "answer": converted(answer, [*ids.values(), *states.values()], model),
    }
    found: dict[str, tuple[Call, int]] = {}
    for name, content in files.items():
        found[name] = _runner(content), len(content)
    return found


def _runner(content: bytes) -> Call:
    import tensorflow as tf

    run = tf.lite.Interpreter(model_content=content, num_threads=1).get_signature_runner()
    return lambda given: run(**given)


def onnx(folder: Path) -> dict[str, tuple[Call, int]]:
    """As ``tflite``, of an ONNX export."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1

    def call_of(path: Path) -> Call:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return lambda given: dict(zip(names, session.run(names, dict(given))))

    files = {"whole": "model.onnx", "encode": "encode.onnx", "answer": "answer.onnx"}
    return {name: (call_of(folder / file), (folder / file).stat().st_size) for name, file in files.items()}


def median(call: Call, given: Mapping[str, np.ndarray]) -> float:
    """Milliseconds of processor time of a call."""
    seconds: list[float] = []
    while len(seconds) < _MOST and sum(seconds) < _LONGEST:
        began = time.thread_time()
        call(given)
        seconds.append(time.thread_time() - began)
    return 1000 * float(np.median(seconds))


def measure(parts: Mapping[str, tuple[Call, int]], inputs: tuple[str, ...], words: int) -> dict[str, float]:
    """Milliseconds of each part, and how far the halves are from the whole model."""
    rng = np.random.default_rng(words)
    widths = {name: words if name.startswith("document") else CONTEXT for name in inputs}
    ids = {name: rng.integers(2, WORDS, (1, width)).astype(np.int32) for name, width in widths.items()}
    whole, encode, answer = (parts[name][0] for name in PARTS)
    kept = encode({"document": ids["document"]})
    expected, found = whole(ids), answer({**ids, **kept})
    return {
        "whole": median(whole, ids),
        "encode": median(encode, {"document": ids["document"]}),
        "answer": median(answer, {**ids, **kept}),
        "difference": max(float(np.abs(found[name] - expected[name]).max()) for name in expected),
    }


def main(_: list[str]) -> None:
    student, rows = untrained(_STUDENT.value), []
    with tempfile.TemporaryDirectory() as scratch:
        export(_STUDENT.value, Path(scratch) / "onnx", "float32")
        formats = {"TFLite": tflite(student), "ONNX": onnx(Path(scratch) / "onnx")}
        for name, parts in formats.items():
            for words in map(int, _LENGTHS.value):
                rows.append({"format": name, "words": words, **measure(parts, student.inputs, words)})
    sizes = {name: {part: size for part, (_, size) in parts.items()} for name, parts in formats.items()}
    titles = ["", *(f"{part}, ms" for part in PARTS)]
    cells = [
        [f"{row['format']}, {row['words']:,} words", *(f"{row[part]:.1f}" for part in PARTS)] for row in rows
    ]
    print(markdown(titles, cells))
    print(json.dumps({"rows": rows, "bytes": sizes}))


if __name__ == "__main__":
    app.run(main)
