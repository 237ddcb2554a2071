"""Scores of a run, and the files that hold them."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import MODELS
from holle_tf.evaluate.predictor import Predictor
from holle_tf.evaluate.scores import SCORES, Score, register_score, token_f1
from holle_tf.modes.baselines import baselines_mode
from holle_tf.modes.evaluate import evaluate_mode
from holle_tf.runs import evaluation
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import cosines_of, ensure_scores
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.training.train import ensure_run
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.records import read_examples


def test_scoring_takes_the_batch_size_that_is_given_now(tiny, prepared, student_run, monkeypatch):
    sizes = []
    original = evaluation.make_dataset

    def watched(*args, batch_size, **kwargs):
        sizes.append(batch_size)
        return original(*args, batch_size=batch_size, **kwargs)

    monkeypatch.setattr(evaluation, "make_dataset", watched)
    evaluation.evaluate_run(RunOnData(student_run, prepared, tiny("evaluation.batch_size=3")), "dev")
    assert sizes == [3]


def test_an_evaluation_leaves_the_cosines_that_conicity_is_the_mean_of(tiny, student_run, prepared):
    run_on_data = RunOnData(student_run, prepared, tiny())
    ensure_scores(run_on_data, "test")
    cosines = cosines_of(run_on_data, "test")
    chats = [example.chat_id for example in read_examples(prepared, "test")]
    assert set(cosines) == {"prober_vector", "responder_vector"}
    result = student_run.result()
    conicity = result.pop("conicity")
    student_run.write_result(result)  # as if the process had been killed before it wrote conicity
    ensure_scores(run_on_data, "test")
    assert student_run.result()["conicity"]["test"] == conicity["test"]
    for name, values in cosines.items():
        means = [np.mean(values[[c == chat for c in chats]]) for chat in set(chats) if chats.count(chat) > 1]
        assert np.mean(means) == pytest.approx(run_on_data.conicity("test")[name]["value"], abs=1e-5)
        assert np.isnan(values).sum() == sum(chats.count(chat) == 1 for chat in chats)
    inputs = MODELS["sam"].inputs
    single_example = make_dataset(prepared, "test", inputs=inputs, batch_size=4, texts=True, limit=1)
    alone = Predictor(student_run.load_model(), max_span=9).predict(single_example)
    assert alone.conicity == alone.cosines == {}, "no number where no conversation has two examples"


def test_a_prediction_is_scored_against_the_best_reference(student_run, prepared):
    batches = list(
        make_dataset(prepared, "test", inputs=MODELS["sam"].inputs, batch_size=4, texts=True, limit=4)
    )
    predictor = Predictor(student_run.load_model(), max_span=9)
    alone = predictor.predict(batches)
    assert alone.f1 < 100 and all(len(span.references) == 1 for span in alone.spans)
    further = tf.constant([json.dumps([span.prediction, "nothing"]) for span in alone.spans])
    best = predictor.predict([({**features, "references": further}, labels) for features, labels in batches])
    for span, before in zip(best.spans, alone.spans):
        assert span.references == [*before.references, span.prediction, "nothing"]
        assert span.f1 == 100 * max(token_f1(span.prediction, text) for text in span.references)
    assert best.f1 > alone.f1


def test_scores_against_the_gold_answers_alone_are_made_again(tiny, student_run, prepared, monkeypatch):
    run_on_data = RunOnData(student_run, prepared, tiny())
    ensure_scores(run_on_data, "test")
    scored = []
    monkeypatch.setattr(evaluation, "evaluate_run", lambda *args: scored.append(args))
    ensure_scores(run_on_data, "test")
    manifest = {**prepared.manifest, "config": {**prepared.manifest["config"], "schema": "squad"}}
    squad = RunOnData(student_run, replace(prepared, manifest=manifest), tiny())
    ensure_scores(squad, "test")
    assert scored == [], "no example has further references"
    examples = [replace(example, references=("x",)) for example in read_examples(prepared, "test")]
    monkeypatch.setattr(evaluation, "iterate_examples", lambda *_: iter(examples))
    ensure_scores(squad, "test")
    assert scored == [(squad, "test")]


def test_a_run_is_not_scored_on_other_data_than_those_of_its_training(tiny, student_run):
    other = open_data(tiny("demo.train_examples=8"))
    with pytest.raises(UserError, match="other data"):
        evaluation.evaluate_run(RunOnData(student_run, other, tiny()), "test")


def _surplus(prediction, references):
    """Share of the predicted words that no reference has."""
    known = {word for text in references for word in text.split()}
    words = prediction.split()
    return sum(word not in known for word in words) / max(len(words), 1)


@pytest.fixture
def surplus():
    register_score(
        Score("surplus", "Surplus", "surp", "words in no reference", _surplus, higher_is_better=False)
    )
    yield
    SCORES.pop("surplus", None)


def _line_of(printed, name):
    """The cells of the row of a table that begins with ``name``."""
    (line,) = (line for line in printed.splitlines() if line.strip().startswith(name))
    return line.split()


def test_a_registered_score_is_computed_stored_and_shown_and_missing_where_it_was_not_yet(
    tiny, prepared, tmp_path, capsys, surplus
):
    own = replace(tiny(runs_dir=str(tmp_path), seed=44), recipe="add_train")
    run = ensure_run(own, prepared, tmp_path / prepared.folder.name / "sam-44")
    old = ensure_run(replace(own, seed=45), prepared, tmp_path / prepared.folder.name / "sam-45")
    added = SCORES.pop("surplus")
    config = tiny(runs_dir=str(tmp_path))
    evaluate_mode(config, str(old.path), "test")
    assert "surplus" not in json.loads(capsys.readouterr().out.splitlines()[-1])

    register_score(added)
    evaluate_mode(config, str(run.path), "test")
    printed = capsys.readouterr().out
    found = json.loads(printed.splitlines()[-1])["surplus"]
    assert 0 < found <= 100 and run.result()["scores"]["test"]["surplus"] == found
    assert "surp" in printed and _line_of(printed, "add_train")[7] == f"{found:.2f}"

    baselines_mode(config, "test")
    printed = capsys.readouterr().out
    assert _line_of(printed, "sam-44")[7] == f"{found:.2f}"
    assert _line_of(printed, "sam-45")[7] == "-"


def test_a_run_in_a_folder_that_cannot_be_written_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # as on a read-only file system
    with pytest.raises(UserError, match="cannot be written.*copy the run") as caught:
        evaluation.evaluate_run(SimpleNamespace(run=RunFolder(tmp_path)), "test")
    assert str(caught.value).startswith(str(tmp_path))
