"""The temperature and the quality of a teacher's scores: computed once, kept, and what a student gets."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.distill.teacher_cache import UNKNOWN
from holle_tf.evaluate.calibration import TEMPERATURES
from holle_tf.models.outputs import EDGES
from holle_tf.runs.data import open_data
from holle_tf.runs.identity import run_terms
from holle_tf.training import teacher_scores
from holle_tf.training.teachers import read_teachers
from holle_tf.training.train import ensure_run
from pipelines.dataset import make_dataset


@pytest.fixture
def teach(tiny, prepared, trained):
    """Function (assignments) -> configuration of a student of a trained BiDAF, and what it learns from."""

    def read(*assignments, data=None, **flags):
        config = tiny("teacher=bidaf", *assignments, **{"recipe": "add", **flags})
        return config, read_teachers(config, data or prepared, [trained("bidaf")], run_terms(config), [])

    return read


def batch_of(prepared, teaching, split="train"):
    inputs = sorted({*teaching.inputs, "document"})
    return next(iter(make_dataset(prepared, split, inputs=inputs, batch_size=8, extra=teaching.scores)))


def logits_of(prepared, teaching, read=False):
    """Start and end logits of the first examples, (2, batch, words), shifted so that the largest is 0."""
    features, labels = batch_of(prepared, teaching)
    (teacher,) = teaching.teachers
    outputs = teacher.read(features) if read else teacher.scores(features, labels)
    found = np.stack([outputs[f"{edge}_logits"].numpy() for edge in EDGES])
    real = features["document"].numpy() > 0
    return np.where(real, found - np.where(real, found, -np.inf).max(-1, keepdims=True), 0.0)


def test_calibrated_logits_are_those_of_the_teacher_divided_wherever_they_come_from(prepared, teach):
    plain, calibrated = teach()[1], teach("distill.calibrate=true")[1]
    temperature = calibrated.qualities[0]["temperature"]
    assert plain.qualities[0]["temperature"] == 1.0 and abs(temperature - 1) > 0.05
    expected = logits_of(prepared, plain) / temperature
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(logits_of(prepared, calibrated), expected, atol=1e-5)
    at_every_step = teach("distill.calibrate=true", "distill.cache_teacher=false")[1]
    assert at_every_step.qualities == [], "nothing is cached that could be measured"
    np.testing.assert_allclose(logits_of(prepared, at_every_step), expected, atol=5e-3)
    for_gradients = teach("distill.calibrate=true", recipe="add_grad")[1]
    np.testing.assert_allclose(logits_of(prepared, for_gradients, read=True), expected, atol=5e-3)


def test_the_temperature_makes_the_labels_of_dev_most_likely(prepared, trained, teach):
    temperature = teach("distill.calibrate=true")[1].qualities[0]["temperature"]
    model = trained("bidaf").load_model()
    batches = make_dataset(prepared, "dev", inputs=list(model.input), batch_size=4)

    def nll(at):
        each = []
        for features, labels in batches:
            outputs = model(features, training=False)
            for edge in EDGES:
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(
                    labels[edge], outputs[f"{edge}_logits"] / at
                )
                each += loss.numpy().tolist()
        return np.mean(each)

    assert nll(temperature) < min(map(nll, np.geomspace(*TEMPERATURES, 20))) + 1e-4
    assert nll(temperature) < nll(1.0)


def test_both_are_computed_once_said_in_a_line_and_not_kept_of_another_temperature(
    teach, monkeypatch, logged
):
    _, first = teach("distill.calibrate=true")
    monkeypatch.setattr(teacher_scores, "scored_labels", None)  # nothing is read again
    logged.clear()
    _, again = teach("distill.calibrate=true")
    assert again.qualities == first.qualities
    said = " | ".join(line for line in logged.messages if "found in" not in line)
    assert "teacher: temperature " in said and " on dev, NLL " in said
    assert "teacher's scores on train: mean maximum 0." in said and " nats, NLL " in said and "ECE" in said


def test_positions_that_were_not_kept_stay_without_probability(prepared, teach):
    given = ("distill.calibrate=true", "distill.cache_top_k=2", "distill.top_k=2")
    _, teaching = teach(*given, recipe="add_topk")
    _, labels = batch_of(prepared, teaching)
    kept = labels["teacher_0_start_logits"].numpy()
    assert (kept == UNKNOWN).any() and ((kept == UNKNOWN) | (kept > -1e4)).all()
    (quality,) = teaching.qualities
    assert 0 <= quality["labels_kept"] < 1 and quality["entropy"] <= np.log(2)


def test_scores_of_long_documents_read_in_chunks_are_calibrated_on_long_documents(tiny, teach):
    long = tiny("teacher=bidaf", "distill.calibrate=true", "data.setup=ld", recipe="add")
    data = open_data(long)
    _, teaching = teach("distill.calibrate=true", "data.setup=ld", "distill.chunk_words=24",
                        "distill.chunk_stride=16", data=data)  # fmt: skip
    assert teaching.qualities[0]["temperature"] != 1.0
    kept = [json.loads(path.read_text()) for path in data.folder.rglob("temperature.json")]
    assert [entry["temperature"] for entry in kept] == [teaching.qualities[0]["temperature"]]


def test_the_result_of_a_student_says_what_its_teachers_said(tiny, prepared, trained, tmp_path):
    teachers = [trained("bidaf", 30), trained("bidaf", 31)]
    config = tiny("teacher=bidaf,bidaf", "distill.calibrate=true", "training.sam.epochs=1", seed=92)
    config = replace(config, recipe="add_ensemble")
    result = ensure_run(config, prepared, tmp_path / "run", teachers).result()
    assert [set(scores) for scores in result["teacher_scores"]] == [
        {"temperature", "maximum", "entropy", "nll", "accuracy", "ece", "labels_kept"}
    ] * 2
    assert result["teacher_scores"][0] != result["teacher_scores"][1]
    alone = ensure_run(replace(config, recipe="add_train", teacher=""), prepared, tmp_path / "alone")
    assert "teacher_scores" not in alone.result()
