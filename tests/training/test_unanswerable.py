"""Learning to say that there is no answer: trainings, teachers, files of scores, long documents."""

import json
from dataclasses import replace

import numpy as np
import pytest

from holle_tf.config_sources import load_config
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import evaluate_run, predictions_of
from holle_tf.runs.null_threshold import NULL_THRESHOLD, null_threshold
from holle_tf.runs.prediction import ChatPredictor
from holle_tf.runs.run_on_data import RunOnData, open_run_on_data
from holle_tf.runs.score_evaluation import evaluate_score_file
from holle_tf.runs.score_teacher import ScoreTeacher
from holle_tf.runs.score_writing import write_scores_of_run
from holle_tf.runs.stream_prediction import answer_line
from holle_tf.training.distillation import find_or_train_teachers, student_of_teachers
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError
from pipelines.records import iterate_examples
from tests.conftest import TINY
from tests.squad2 import write_squad2

LEARN = (
    "data.unanswerable=learn",
    "data.min_word_count=1",
    "data.min_char_count=1",
    "data.word_dim=16",
    "training.sam.epochs=12",
    "training.sam.learning_rate=0.02",
    "distill.chunk_words=8",
    "distill.chunk_stride=6",
)


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Function (assignments) -> configuration of a run on questions with and without answers."""
    root = tmp_path_factory.mktemp("unanswerable")
    data = write_squad2(root / "squad2")

    def configure(*assignments, **flags):
        paths = {"runs_dir": str(root / "runs"), "data_dir": str(data), "glove": "none"}
        return load_config((), [*TINY, *LEARN, *assignments], {**paths, **flags})

    return configure


@pytest.fixture(scope="module")
def data(make):
    return open_data(make())


@pytest.fixture(scope="module")
def student(make, data):
    return ensure_run(make(recipe="add_train"), data)


@pytest.fixture(scope="module")
def teacher(make, data):
    return ensure_run(replace(make("training.bidaf.epochs=1"), model="bidaf"), data)


def test_a_student_learns_when_there_is_no_answer(student, data, make, capsys):
    run = RunOnData(student, data, make())
    scores = evaluate_run(run, "test")
    found = run.unanswerable()["test"]
    assert found["has_answer"]["f1"] > 90 and found["no_answer"]["f1"] > 90
    assert found["has_answer"]["examples"] == found["no_answer"]["examples"] == 30
    assert scores["f1"] == pytest.approx((found["has_answer"]["f1"] + found["no_answer"]["f1"]) / 2)
    assert found["threshold"] == student.result()[NULL_THRESHOLD] == null_threshold(student)
    for prediction, example in zip(predictions_of(run, "test"), iterate_examples(data, "test")):
        words = example.document.split()
        assert prediction.best_span in example.document
        if prediction.prediction:
            assert " ".join(words[prediction.start : prediction.end + 1]) == prediction.prediction
        else:
            assert (prediction.start, prediction.end) == (-1, -1)


def test_the_threshold_is_the_best_of_the_best_epoch(student, data):
    lines = student.epochs()
    best = max(lines, key=lambda line: line["val_f1"])
    assert student.result()[NULL_THRESHOLD] == best["val_null_threshold"]
    dev = RunOnData(student, data, student.config())
    assert evaluate_run(dev, "dev")["f1"] == pytest.approx(best["val_f1"])


def test_a_threshold_that_is_given_goes_first(student, data, make):
    config = make("evaluation.null_threshold=1")
    assert null_threshold(student, config) == 1
    run = RunOnData(student, data, config)
    evaluate_run(run, "dev")
    assert all(prediction.prediction for prediction in predictions_of(run, "dev"))


def test_a_prediction_says_that_there_is_no_answer(student):
    predictor = ChatPredictor(student)
    texts = ("one two owner Ann three four", "one two visitor Ann three four", "?")
    chats = [{"context": text, "question": "Who is the owner?"} for text in texts]
    examples = [predictor.example(chat) for chat in chats]
    known, unknown, empty = (
        answer_line(example, answer) for example, answer in zip(examples, predictor.read(examples))
    )
    assert known["prediction"] == "Ann" == known["n_best"][0]["text"] and known["no_answer"] < 0.5
    assert unknown["prediction"] == "" and unknown["no_answer"] > 0.5 and unknown["n_best"]
    best = unknown["n_best"][0]
    expected = unknown["null_score"] / (unknown["null_score"] + best["score"])
    assert unknown["no_answer"] == pytest.approx(expected)
    answer = predictor.read(examples[:1])[0]
    assert len(answer.token_starts) == len(answer.start_probabilities) == 6
    assert answer.start_probabilities.sum() + np.sqrt(known["null_score"]) < 1.5
    assert json.dumps(empty)


@pytest.mark.parametrize(
    "recipe", ["add", "add_topk", "add_ensemble", "add_grad", "add_halluc", "add_smoothed", "mul"]
)
def test_every_recipe_trains(recipe, make, data, teacher):
    how = ("training.sam.epochs=1", "distill.hallucinated_share=0.2", "distill.gradient_share=0.2")
    run = ensure_run(make(*how, recipe=recipe, teacher="bidaf"), data, teachers=[teacher])
    assert 0 <= run.result()[NULL_THRESHOLD] <= 1


@pytest.mark.parametrize("model", ["qanet", "sam_match"])
def test_every_model_trains(model, make, data):
    config = make("training.sam_match.epochs=1", recipe="add_train", model=model)
    run = ensure_run(config if model == "sam_match" else replace(config, recipe=""), data)
    evaluate_run(RunOnData(run, data, config), "test")
    assert set(RunOnData(run, data, config).unanswerable()["test"]) >= {"has_answer", "no_answer"}


def test_a_student_of_written_scores_equals_one_of_the_run(make, data, teacher, tmp_path):
    path = tmp_path / "bidaf.jsonl"
    assert write_scores_of_run(RunOnData(teacher, data, make()), path) == 420
    line = json.loads(path.read_text().splitlines()[1])
    assert isinstance(line["start_null"], float) and isinstance(line["end_null"], float)
    how = ("training.sam.epochs=1",)
    config = student_of_teachers(make(*how, recipe="add", teacher=f"scores:{path}"), None)
    files = find_or_train_teachers(config, data, None)
    of_file = ensure_run(config, data, tmp_path / "file", files)
    of_run = ensure_run(make(*how, recipe="add", teacher="bidaf"), data, tmp_path / "run", [teacher])
    for ours, theirs in zip(of_file.load_model().variables, of_run.load_model().variables):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    found = evaluate_score_file(ScoreTeacher(f"scores:{path}", data, 0.0), data, "test", make())
    run = RunOnData(teacher, data, make())
    evaluate_run(run, "test")
    ours, theirs = found.unanswerable, run.unanswerable()["test"]
    assert ours["has_answer"] == pytest.approx(theirs["has_answer"], abs=5)
    assert ours["no_answer"] == pytest.approx(theirs["no_answer"], abs=5)


def test_scores_without_those_of_no_answer_are_refused(make, data, teacher, tmp_path):
    path = tmp_path / "old.jsonl"
    write_scores_of_run(RunOnData(teacher, data, make()), path)
    lines = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        lines.append(json.dumps({name: row[name] for name in row if not name.endswith("_null")}))
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"line 2 \(q0\): no 'start_null' and 'end_null', .*learn needs"):
        evaluate_score_file(ScoreTeacher(f"scores:{path}", data, 0.0), data, "test", make())


def test_a_teacher_of_short_documents_reads_long_ones_in_chunks(make, teacher):
    long = open_run_on_data(teacher, make(setup="full"))
    assert long.in_chunks and long.prepared.config.has_null
    evaluate_run(long, "test")
    assert long.unanswerable()["test"]["threshold"] == null_threshold(teacher)
    config = make("training.sam.epochs=1", recipe="add", teacher="bidaf", setup="full")
    run = ensure_run(config, long.prepared, teachers=[teacher])
    assert run.result()["teacher_scores"][0]["labels_kept"] == 1
