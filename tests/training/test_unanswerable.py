"""Learning to say that there is no answer: trainings, teachers, files of scores, long documents."""

import json
from dataclasses import replace

import numpy as np
import pytest

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


@pytest.fixture(scope="module")
def teacher(learning, learning_data):
    return ensure_run(replace(learning("training.bidaf.epochs=1"), model="bidaf"), learning_data)


def test_a_student_learns_when_there_is_no_answer(learning_student, learning_data, learning, capsys):
    run = RunOnData(learning_student, learning_data, learning())
    scores = evaluate_run(run, "test")
    found = run.unanswerable()["test"]
    assert found["has_answer"]["f1"] > 90 and found["no_answer"]["f1"] > 90
    assert found["has_answer"]["examples"] == found["no_answer"]["examples"] == 30
    assert scores["f1"] == pytest.approx((found["has_answer"]["f1"] + found["no_answer"]["f1"]) / 2)
    assert found["threshold"] == learning_student.result()[NULL_THRESHOLD] == null_threshold(learning_student)
    for prediction, example in zip(predictions_of(run, "test"), iterate_examples(learning_data, "test")):
        words = example.document.split()
        assert prediction.best_span in example.document
        if prediction.prediction:
            assert " ".join(words[prediction.start : prediction.end + 1]) == prediction.prediction
        else:
            assert (prediction.start, prediction.end) == (-1, -1)


def test_the_threshold_is_the_best_of_the_best_epoch(learning_student, learning_data):
    lines = learning_student.epochs()
    best = max(lines, key=lambda line: line["val_f1"])
    assert learning_student.result()[NULL_THRESHOLD] == best["val_null_threshold"]
    dev = RunOnData(learning_student, learning_data, learning_student.config())
    assert evaluate_run(dev, "dev")["f1"] == pytest.approx(best["val_f1"])


def test_a_threshold_that_is_given_goes_first(learning_student, learning_data, learning):
    config = learning("evaluation.null_threshold=1")
    assert null_threshold(learning_student, config) == 1
    run = RunOnData(learning_student, learning_data, config)
    evaluate_run(run, "dev")
    assert all(prediction.prediction for prediction in predictions_of(run, "dev"))


def test_a_prediction_says_that_there_is_no_answer(learning_student):
    predictor = ChatPredictor(learning_student)
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
    "recipe", ["add", "add_topk", "add_ensemble", "add_grad", "add_aug", "add_smoothed", "mul"]
)
def test_every_recipe_trains(recipe, learning, learning_data, teacher):
    how = ("training.sam.epochs=1", "distill.hallucinated_share=0.2", "distill.gradient_share=0.2")
    run = ensure_run(learning(*how, recipe=recipe, teacher="bidaf"), learning_data, teachers=[teacher])
    assert 0 <= run.result()[NULL_THRESHOLD] <= 1


@pytest.mark.parametrize("model", ["qanet", "sam_match"])
def test_every_model_trains(model, learning, learning_data):
    config = learning("training.sam_match.epochs=1", recipe="add_train", model=model)
    run = ensure_run(config if model == "sam_match" else replace(config, recipe=""), learning_data)
    evaluate_run(RunOnData(run, learning_data, config), "test")
    assert set(RunOnData(run, learning_data, config).unanswerable()["test"]) >= {"has_answer", "no_answer"}


def test_a_student_of_written_scores_equals_one_of_the_run(learning, learning_data, teacher, tmp_path):
    path = tmp_path / "bidaf.jsonl"
    assert write_scores_of_run(RunOnData(teacher, learning_data, learning()), path) == 420
    line = json.loads(path.read_text().splitlines()[1])
    assert isinstance(line["start_null"], float) and isinstance(line["end_null"], float)
    how = ("training.sam.epochs=1",)
    config = student_of_teachers(learning(*how, recipe="add", teacher=f"scores:{path}"), None)
    files = find_or_train_teachers(config, learning_data, None)
    of_file = ensure_run(config, learning_data, tmp_path / "file", files)
    config = learning(*how, recipe="add", teacher="bidaf")
    of_run = ensure_run(config, learning_data, tmp_path / "run", [teacher])
    for ours, theirs in zip(of_file.load_model().variables, of_run.load_model().variables):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    config = learning("evaluation.null_threshold=0.5")
    found = evaluate_score_file(
        ScoreTeacher(f"scores:{path}", learning_data, 0.0), learning_data, "test", config
    )
    run = RunOnData(teacher, learning_data, config)
    evaluate_run(run, "test")
    ours, theirs = found.unanswerable, run.unanswerable()["test"]
    assert ours["threshold"] == theirs["threshold"] == 0.5
    assert ours["no_answer"] == pytest.approx(theirs["no_answer"], abs=4)  # of half precision


def test_scores_without_those_of_no_answer_are_refused(learning, learning_data, teacher, tmp_path):
    path = tmp_path / "old.jsonl"
    write_scores_of_run(RunOnData(teacher, learning_data, learning()), path)
    lines = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        lines.append(json.dumps({name: row[name] for name in row if not name.endswith("_null")}))
    path.write_text("\n".join(lines))
    old = ScoreTeacher(f"scores:{path}", learning_data, 0.0)
    with pytest.raises(UserError, match=r"\(q0\): no 'start_null' and 'end_null', .*learn needs"):
        evaluate_score_file(old, learning_data, "test", learning())


def test_a_teacher_of_short_documents_reads_long_ones_in_chunks(learning, teacher):
    long = open_run_on_data(teacher, learning("data.setup=ld"))
    assert long.in_chunks and long.prepared.config.has_null
    evaluate_run(long, "test")
    assert long.unanswerable()["test"]["threshold"] == null_threshold(teacher)
    config = learning("training.sam.epochs=1", "data.setup=ld", recipe="add", teacher="bidaf")
    run = ensure_run(config, long.prepared, teachers=[teacher])
    assert run.result()["teacher_scores"][0]["labels_kept"] == 1
