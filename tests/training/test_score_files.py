"""Students of files of scores: they equal those of the run that wrote the file, and skip what it lacks."""

import gzip
import json

import numpy as np
import pytest

from holle_tf.runs.identity import default_run_path
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.runs.score_teacher import ScoreTeacher
from holle_tf.runs.score_writing import write_scores_of_run
from holle_tf.training.distillation import find_or_train_teachers, kinds_of, student_of_teachers
from holle_tf.training.teachers import read_teachers
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError


@pytest.fixture(scope="session")
def written(tiny, prepared, trained, tmp_path_factory):
    """A file of what the tiny BiDAF says."""
    path = tmp_path_factory.mktemp("scores") / "bidaf.jsonl.gz"
    run = trained("bidaf")
    assert write_scores_of_run(RunOnData(run, prepared, tiny()), path) == 70
    return path


def student(tiny, prepared, teacher, *assignments, **flags):
    config = student_of_teachers(tiny(*assignments, teacher=teacher, **flags), None)
    teachers = find_or_train_teachers(config, prepared, None)
    return config, teachers


def weights_of(run):
    return [weight.numpy() for weight in run.load_model().variables]


@pytest.mark.parametrize("recipe", ["add", "add_topk"])
def test_a_student_of_the_file_equals_one_of_the_run(tiny, prepared, trained, written, tmp_path, recipe):
    how = ("training.sam.epochs=1", "sam.dropout=0.1")
    config, files = student(tiny, prepared, f"scores:{written}", *how, recipe=recipe, seed=5)
    of_file = ensure_run(config, prepared, tmp_path / "file", files)
    of_run = ensure_run(
        tiny(*how, recipe=recipe, teacher="bidaf", seed=5), prepared, tmp_path / "run", [trained("bidaf")]
    )
    for ours, theirs in zip(weights_of(of_file), weights_of(of_run)):
        np.testing.assert_array_equal(ours, theirs)
    assert of_file.identity()["teacher"] == files[0].identity() != of_run.identity()["teacher"]
    assert of_file.result()["teacher_scores"] == of_run.result()["teacher_scores"]


def test_a_run_and_a_file_teach_together(tiny, prepared, trained, written, tmp_path):
    trained("bidaf")
    config, teachers = student(
        tiny, prepared, f"scores:{written},bidaf", "training.sam.epochs=1", recipe="add_ensemble", seed=6
    )
    assert isinstance(teachers[0], ScoreTeacher) and kinds_of(teachers, 1) == config.teacher
    path = default_run_path(config, prepared, teachers)
    assert "-scores_bidaf-bidaf-seed6-" in path.name
    run = ensure_run(config, prepared, tmp_path / "run", teachers)
    first, second = run.result()["teacher_scores"]
    assert first == second


def test_examples_without_scores_are_not_trained_on(tiny, prepared, written, tmp_path, logged):
    lines = [json.loads(line) for line in gzip.open(written, "rt")]
    path = tmp_path / "fewer.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in (*lines[:3], *lines[5:])))
    with pytest.raises(UserError, match="no scores of 2 of 48 examples of train"):
        config, teachers = student(tiny, prepared, f"scores:{path}", "distill.max_unscored=0.04")
        read_teachers(config, prepared, teachers, ["labels", "teacher"], [])
    config, teachers = student(tiny, prepared, f"scores:{path}", "training.sam.epochs=1")
    teaching = read_teachers(config, prepared, teachers, ["labels", "teacher"], [])
    assert teaching.scored.sum() == 46 and not teaching.scored[2:4].any()
    ensure_run(config, prepared, tmp_path / "run", teachers)
    assert any("46 examples" in line for line in logged.messages)


@pytest.mark.parametrize(
    ("recipe", "assignments", "said"),
    [
        ("add_grad", (), "cannot read at every step"),
        ("add", ("distill.cache_teacher=false",), "leave that out"),
        ("add", ("distill.folds=2",), "has no folds"),
        ("add", ("distill.matching_weight=1",), "cannot read at every step"),
    ],
)
def test_what_a_file_cannot_teach_is_one_line(tiny, written, recipe, assignments, said):
    with pytest.raises(UserError, match=said):
        student_of_teachers(tiny(*assignments, recipe=recipe, teacher=f"scores:{written}"), None)


def test_a_file_that_is_given_twice_is_refused(tiny, prepared, written):
    with pytest.raises(UserError, match="is given twice"):
        student(tiny, prepared, f"scores:{written},scores:{written}", recipe="add_both")


def test_calibration_reads_dev_from_the_file(tiny, prepared, trained, written):
    scores = []
    for teacher, runs in ((f"scores:{written}", None), ("bidaf", [trained("bidaf")])):
        config = tiny("distill.calibrate=true", recipe="add", teacher=teacher)
        runs = runs or find_or_train_teachers(config, prepared, None)
        scores.append(read_teachers(config, prepared, runs, ["labels", "teacher"], []).qualities[0])
    assert scores[0] == scores[1] and scores[0]["temperature"] != 1
