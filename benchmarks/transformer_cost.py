"""What a question costs a fine-tuned transformer, and the student that it taught: time, memory on disk, F1.

    python -m benchmarks.transformer_cost --transformer=WORK/model --export=EXPORT --examples=FOLDER

It runs in the environment of examples/teacher_transformers.py, with ``onnxruntime`` and ``absl-py``. WORK and
FOLDER are those of that program, EXPORT is an ONNX export of the student. All read the same test examples,
one at a time, in turns, on one core. The last line is JSON.
"""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np
import torch
from absl import app, flags
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from examples.teacher_transformers import Windows, log_probabilities, read_examples
from holle_tf.api.prediction import Predictor
from holle_tf.serve.document_cache import DocumentCache
from holle_tf.serve.onnx_backend import OnnxBackend

_TRANSFORMER = flags.DEFINE_string("transformer", None, "folder of the fine-tuned transformer", required=True)
_EXPORT = flags.DEFINE_string("export", None, "folder of an ONNX export of a student", required=True)
_EXAMPLES = flags.DEFINE_string("examples", None, "folder that --write_examples wrote", required=True)
_COUNT = flags.DEFINE_integer("count", 300, "test examples, the first ones", lower_bound=1)


def reader_of_transformer(folder: Path) -> tuple[Callable[[dict[str, Any]], Any], int]:
    """A function that reads an example, and the number of parameters."""
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForQuestionAnswering.from_pretrained(folder)

    def read(example: dict[str, Any]) -> Any:
        windows = Windows(tokenizer, [example], length=384, stride=128)
        return list(log_probabilities(model, windows, 16, contextlib.nullcontext))

    return read, sum(weight.numel() for weight in model.parameters())


def reader_of_student(folder: Path, cache_mb: int) -> Callable[[dict[str, Any]], Any]:
    """A function that reads an example; with a cache, it may know the document."""
    backend = OnnxBackend(folder, DocumentCache.of_megabytes(cache_mb))
    student = Predictor(backend.read, backend.data)

    def read(example: dict[str, Any]) -> Any:
        return student.predict(example["document"], example["query"])

    return read


def megabytes(folder: Path, *endings: str) -> float:
    size = sum(path.stat().st_size for path in folder.iterdir() if path.name.endswith(endings))
    return round(size / 1e6, 1)


def main(_: Sequence[str]) -> None:
    transformer, export = Path(_TRANSFORMER.value), Path(_EXPORT.value)
    of_transformer, parameters = reader_of_transformer(transformer)
    readers = {
        "transformer": of_transformer,
        "student": reader_of_student(export, cache_mb=0),
        "student, known document": reader_of_student(export, cache_mb=256),
    }
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for example in read_examples(_EXAMPLES.value, "test")[: _COUNT.value]:
        for name, read in readers.items():
            if "known" in name:
                read(example)
            began = time.perf_counter()
            read(example)
            seconds[name].append(time.perf_counter() - began)
    card = json.loads((export / "model_card.json").read_text(encoding="utf-8"))
    size = {"parameters": card["parameters"], "megabytes": megabytes(export, "model.onnx")}
    sizes = {name: size for name in readers} | {
        "transformer": {"parameters": parameters, "megabytes": megabytes(transformer, ".safetensors")}
    }
    found = {}
    for name, times in seconds.items():
        milliseconds = 1000 * np.array(times[len(times) // 10 :])  # without the first ones, which warm up
        found[name] = {
            "milliseconds": round(float(np.median(milliseconds)), 2),
            "p95": round(float(np.quantile(milliseconds, 0.95)), 2),
            **sizes[name],
        }
        print(name, found[name])
    print(json.dumps({**found, "questions": len(seconds["student"])}))


if __name__ == "__main__":
    app.run(main)
