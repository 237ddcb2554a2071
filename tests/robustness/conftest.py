"""A finished student with random weights, its export, and a service of it."""

import json
import shutil
from dataclasses import replace

import pytest

from holle_tf.config_sources import load_config
from tests.serve.conftest import TINY


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished run with all files that training and evaluation write, whose digests are recorded."""
    from holle_tf.evaluate.predictions import SpanPrediction, write_predictions
    from holle_tf.runs.data import open_data
    from holle_tf.runs.identity import run_identity
    from holle_tf.runs.run_folder import RunFolder, build_model

    root = tmp_path_factory.mktemp("robustness")
    config = replace(load_config(flags={**TINY, "recipe": "add_train", "runs_dir": str(root)}), model="sam")
    prepared = open_data(config)
    run = RunFolder(root / "run")
    run.create(config, prepared, run_identity(config, prepared, []))
    build_model(config, prepared.embeddings, len(prepared.chars)).save_weights(run.weights)
    epochs = [{"epoch": number, "loss": 2.5 - number, "val_loss": 3.0, "seconds": 0.1} for number in range(3)]
    run.metrics.write_text("".join(json.dumps(epoch) + "\n" for epoch in epochs))
    values = {"example_id": "e", "prediction": "a film", "start": 1, "end": 2, "score": 0.5, "f1": 1.0}
    write_predictions(run.path / "predictions.jsonl", [SpanPrediction(**values, references=["film"])] * 3)
    scores = {"test": {"f1": 12.5}}
    run.finish({"model": "sam", "parameters": 1234, "epochs": 3, "best_epoch": 1, "scores": scores})
    return run


@pytest.fixture(scope="session")
def exported(finished, tmp_path_factory):
    """The folder of an ONNX export of ``finished``, with its model card."""
    pytest.importorskip("onnxruntime")
    from holle_tf.options.export import ExportConfig
    from holle_tf.runs.exporting import export_student, student_of

    folder = tmp_path_factory.mktemp("exported") / "onnx"
    export_student(student_of(finished), finished, "onnx", folder, ExportConfig())
    return folder


@pytest.fixture(scope="module")
def fresh_copy(tmp_path_factory):
    """Function (folder) -> a copy of it, in the place of the copy before, which is removed."""
    root = tmp_path_factory.mktemp("copies")

    def make(folder):
        shutil.rmtree(root / "copy", ignore_errors=True)
        return shutil.copytree(folder, root / "copy")

    return make
