"""Times the two halves of a student, in ONNX and in TensorFlow Lite, beside the whole.

    .venv/bin/python -m benchmarks.halves --lengths=256,1200,5000

A student of the published size with random weights. Each number is the median processor time of a call on one
thread, in milliseconds: of the whole model, of ``encode``, and of ``answer`` with float32 states. The last
line is JSON.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Callable, Mapping, Optional

import numpy as np
from absl import app, flags

from benchmarks.markdown import markdown
from benchmarks.models import WORDS
from benchmarks.untrained_exports import CONTEXT, untrained

_LENGTHS = flags.DEFINE_list("lengths", ["256", "1200", "5000"], "words of the documents")
_STUDENT = flags.DEFINE_string("student", "sam", "of the catalogue")
_MOST, _LONGEST = 9, 3.0  # calls, and seconds of all calls together
PARTS = ("whole", "encode", "answer")
Call = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


def tflite(folder: Path) -> dict[str, tuple[Call, int]]:
    """The whole model and its halves, each with the bytes of its file."""
    from holle_tf.export.tflite import MODEL
    from holle_tf.export.tflite_file import open_tflite
    from holle_tf.export.tflite_halves import ANSWER, ENCODE, HALVES

    def call_of(file: str, signature: Optional[str] = None) -> tuple[Call, int]:
        run = open_tflite(folder / file, 1).get_signature_runner(signature)
        return lambda given: run(**given), (folder / file).stat().st_size

    return {"whole": call_of(MODEL), "encode": call_of(HALVES, ENCODE), "answer": call_of(HALVES, ANSWER)}


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
    from holle_tf.export.onnx_student import export_onnx
    from holle_tf.export.tflite import export_tflite
    from holle_tf.options.export import ExportConfig

    student, rows = untrained(_STUDENT.value), []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        export_onnx(student, folder, ExportConfig())
        export_tflite(student, folder, ExportConfig())
        formats = {"TFLite": tflite(folder), "ONNX": onnx(folder)}
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
