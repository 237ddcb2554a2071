"""What decides a run."""

from dataclasses import replace

from holle_tf.runs.identity import default_run_path, distill_options, run_identity, run_terms
from holle_tf.training.distillation import student_alone, with_recipe


def test_weights_of_a_student_change_neither_its_teacher_nor_the_student_beside_it(tiny, prepared):
    weighted = tiny("distill.labels_weight=0.5", "distill.conicity_weight=0.3", recipe="add", teacher="qanet")
    plain = tiny(recipe="add", teacher="qanet")
    paths = [default_run_path(student_alone(config), prepared, []) for config in (weighted, plain)]
    assert paths[0] == paths[1]
    assert run_terms(student_alone(weighted)) == ("labels",)
    assert default_run_path(replace(weighted, recipe="add_train"), prepared, []) != paths[0]
    assert distill_options(replace(weighted, model="qanet")).labels_weight == 1.0
    assert distill_options(weighted).labels_weight == 0.5


def test_a_start_with_matches_is_another_run_and_the_usual_start_the_one_before_there_was_a_choice(
    tiny, prepared
):
    usual = run_identity(tiny(model="qanet"), prepared, [])
    matching = run_identity(tiny("qanet.matching_start=true", model="qanet"), prepared, [])
    assert "matching_start" not in usual["qanet"]
    assert matching["qanet"] == {**usual["qanet"], "matching_start": True}


def test_labels_that_count_twice_are_the_run_of_the_labels_alone_with_that_weight(tiny, prepared):
    twice = with_recipe(tiny(recipe="mul_twice"), "")
    weighted = with_recipe(tiny("distill.labels_weight=2", recipe="mul_train"), "")
    assert run_identity(twice, prepared, []) == run_identity(weighted, prepared, [])
    assert default_run_path(twice, prepared, []) == default_run_path(weighted, prepared, [])
    plain = run_identity(with_recipe(tiny(recipe="mul_train"), ""), prepared, [])
    assert "distill" not in plain
    assert run_identity(twice, prepared, []) == {**plain, "distill": {"labels_weight": 2.0}}


def test_runs_that_are_older_than_an_option_are_those_at_its_default(tiny, prepared, trained):
    usual = run_identity(tiny(model="qanet"), prepared, [])
    by_nll = run_identity(tiny("training.qanet.best_by=nll", model="qanet"), prepared, [])
    assert "best_by" not in usual["training"]
    assert by_nll["training"] == {**usual["training"], "best_by": "nll"}
    assert run_identity(tiny("training.qanet.keep_state=true", model="qanet"), prepared, []) == usual
    given = {"recipe": "add", "teacher": "bidaf"}
    teachers = [trained("bidaf")]
    student = run_identity(tiny(**given), prepared, teachers)
    calibrated = run_identity(tiny("distill.calibrate=true", **given), prepared, teachers)
    assert "calibrate" not in student["distill"]
    assert calibrated["distill"] == {**student["distill"], "calibrate": True}
    alone = [student_alone(tiny(f"distill.calibrate={value}", **given)) for value in ("true", "false")]
    assert run_identity(alone[0], prepared, []) == run_identity(alone[1], prepared, [])
