"""``--mode=distill``: what is said before anything is trained, and what is shown in the end."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from holle_tf.modes import distill as mode
from holle_tf.modes.distill import distill_mode
from holle_tf.runs.run_folder import RunFolder
from pipelines.errors import UserError


def test_distill_trains_the_teacher_first_and_shows_all_side_by_side(
    tiny, tmp_path, monkeypatch, capsys, logged
):
    config = tiny("teacher=qanet", "training.sam.epochs=1", seed=21, runs_dir=str(tmp_path))
    distill_mode(config)
    printed = capsys.readouterr().out
    assert any("training it first" in line for line in logged.messages)
    assert any(f"teacher: {tmp_path}" in line for line in logged.messages)
    assert not any("--setup=ld" in line for line in logged.messages)
    for row in ("random span", "tfidf sentence", "SAM alone", "SAM from qanet", "qanet (teacher)"):
        assert row in printed
    last = json.loads(printed.splitlines()[-1])
    student = RunFolder(Path(last["student"]))
    assert student.result()["scores"]["test"]["f1"] == last["scores"][1]["f1"]
    for picture in ("training.png", "prediction.png"):
        assert (student.path / "figures" / picture).read_bytes().startswith(b"\x89PNG")
    logged.clear()
    monkeypatch.setattr(mode, "draw_pictures", lambda *arguments: [])  # they are there
    for_long = replace(config, distill=replace(config.distill, long_teacher="windows"))
    distill_mode(for_long)
    assert any("long_teacher=windows is for --setup=ld" in line for line in logged.messages)
    assert any("trained before" in line for line in logged.messages)
    assert not any("epoch" in line for line in logged.messages)


def test_another_student_is_trained_and_shown_beside(tiny, trained, capsys, logged, monkeypatch):
    monkeypatch.setattr(mode, "draw_pictures", lambda *arguments: [])
    trained("qanet", seed=30)
    distill_mode(tiny("teacher=qanet", "distill.also_student=sam_match", seed=30))
    printed = capsys.readouterr().out
    for row in ("SAM alone", "SAM from qanet", "SAM-match alone", "SAM-match from qanet"):
        assert row in printed
    last = json.loads(printed.splitlines()[-1])
    assert RunFolder(Path(last["student"])).config().model == "sam" and len(last["scores"]) == 5


def test_another_student_that_is_none_is_refused_before_anything_is_trained(tiny, logged):
    for name, message in (("qanet", "a teacher; choose from sam, sam_match"), ("sam_mach", "'sam_match'")):
        with pytest.raises(UserError, match=message):
            distill_mode(tiny(f"distill.also_student={name}", teacher="qanet"))
    assert logged.messages == []


def test_a_term_that_is_off_is_said_before_teachers_are_trained(tiny, logged):
    config = tiny("recipes={soft: {terms: [labels, teacher, conicity]}}", recipe="soft", teacher="qanet")
    with pytest.raises(UserError, match="'conicity' is off.*distill.conicity_weight=1"):
        distill_mode(config)
    assert logged.messages == []


def test_a_given_teacher_without_a_vector_is_said_before_a_student_is_trained(tiny, trained, monkeypatch):
    teacher = trained("qanet")
    config = tiny("distill.matching_weight=0.1", recipe="add", seed=91)
    monkeypatch.setattr(mode, "ensure_run", lambda *args, **kwargs: pytest.fail("something was trained"))
    with pytest.raises(UserError, match="--teacher=bidaf and short documents"):
        distill_mode(config, None, [str(teacher.path)])


def test_a_teacher_without_a_vector_to_match_is_said_before_it_is_trained(tiny, logged):
    for more, teacher in (([], "qanet"), (["data.setup=ld"], "bidaf")):
        config = tiny("distill.matching_weight=0.1", *more, recipe="add", teacher=teacher)
        logged.clear()
        with pytest.raises(UserError, match="--teacher=bidaf and short documents"):
            distill_mode(config)
        assert logged.messages == []


@pytest.mark.parametrize(
    ("recipe", "teacher", "message"),
    [
        ("add_both", "qanet", "learns from several teachers, 1 given"),
        ("add", "bidaf,qanet", "learns from one teacher, 2 given"),
        ("add_both", "", "--teacher=bidaf,qanet"),
    ],
)
def test_a_recipe_is_told_from_how_many_teachers_it_learns(tiny, recipe, teacher, message):
    with pytest.raises(UserError, match=message):
        distill_mode(tiny(recipe=recipe, teacher=teacher))


def test_a_recipe_without_a_teacher_is_refused(tiny):
    with pytest.raises(UserError, match="--mode=train"):
        distill_mode(tiny("teacher=qanet", recipe="add_train"))


def test_a_teacher_that_was_trained_on_other_data_is_refused(tiny, student_run):
    with pytest.raises(UserError, match="other data"):
        distill_mode(tiny("demo.train_examples=8"), None, [str(student_run.path)])
