"""Whether a document that is kept in fewer bytes is answered about as by the whole model.

    .venv/bin/python -m benchmarks.kept_states --run_dir=RUN

Exports the student of a finished run, and answers the questions of its test split with documents that are
read anew, and that are kept as float32, float16 and int8. The last line is JSON: how many best spans differ,
and the largest difference of a probability.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Sequence

import numpy as np
from absl import app, flags

from holle_tf.evaluate.answers import Answer
from holle_tf.options.export import ExportConfig
from holle_tf.runs.exporting import student_of, write_export
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import open_run_on_data
from holle_tf.serve.document_cache import DocumentCache
from holle_tf.serve.onnx_backend import OnnxBackend
from holle_tf.system.console_logging import configure_console
from pipelines.example import Example
from pipelines.records import iterate_examples

_RUN_DIR = flags.DEFINE_string("run_dir", None, "a finished run of a student", required=True)
_BATCH = 16
CACHE_MB = 1024


def answers(backend: OnnxBackend, examples: Sequence[Example]) -> list[Answer]:
    """In batches, so that several questions about a document are read at once, too."""
    found: list[Answer] = []
    for first in range(0, len(examples), _BATCH):
        found += backend.read(examples[first : first + _BATCH])
    return found


def main(_: Sequence[str]) -> None:
    configure_console()
    run = RunFolder(Path(_RUN_DIR.value))
    prepared = open_run_on_data(run, run.config()).prepared
    examples = list(iterate_examples(prepared, "test"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "onnx"
        write_export(student_of(run), "onnx", folder, ExportConfig())
        whole = answers(OnnxBackend(folder, DocumentCache.of_megabytes(0)), examples)
        found = {}
        for states in ("float32", "float16", "int8"):
            cache = DocumentCache.of_megabytes(CACHE_MB)
            kept = answers(OnnxBackend(folder, cache, states=states), examples)
            pairs = list(zip(whole, kept))
            found[states] = {
                "other_spans": sum(a.spans[0][:2] != b.spans[0][:2] for a, b in pairs),
                "probability": max(
                    float(np.abs(getattr(a, edge) - getattr(b, edge)).max())
                    for a, b in pairs
                    for edge in ("start_probabilities", "end_probabilities")
                ),
            }
    print(json.dumps({"examples": len(examples), **found}))


if __name__ == "__main__":
    app.run(main)
