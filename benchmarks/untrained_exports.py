"""ONNX exports of students of the published size with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models import WORD_DIM, WORDS

CONTEXT = 24  # words of the query and of each history


def untrained(name: str) -> Any:
    """A ``holle_tf.export.student.Student`` of the catalogue."""
    from holle_tf.catalogue import model_row
    from holle_tf.export.student import Limits, Student
    from holle_tf.options.evaluation import EvaluationConfig

    row, vectors = model_row(name), np.random.default_rng(0).normal(size=(WORDS, WORD_DIM))
    model = row.build(row.options(), vectors.astype(np.float32), 0)
    words = ("<pad>", "<unk>", *(f"w{i}" for i in range(WORDS - 2)))
    limits = Limits(CONTEXT, CONTEXT, EvaluationConfig.max_span, EvaluationConfig.n_best)
    return Student.of(row.options(), model, words, limits)


def export(name: str, folder: Path, states: str) -> None:
    """Write an ONNX export of an untrained student."""
    from holle_tf.export.onnx_student import export_onnx
    from holle_tf.options.export import ExportConfig

    folder.mkdir()
    export_onnx(untrained(name), folder, ExportConfig(document_states=states))
