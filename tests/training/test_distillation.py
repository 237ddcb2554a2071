"""The recipe of a student, and its teachers."""

from dataclasses import replace

import pytest

from holle_tf.runs.identity import default_run_path, run_identity
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.training import distillation as distilling
from holle_tf.training.distillation import find_or_train_teachers, with_recipe
from pipelines.errors import UserError


def test_a_recipe_decides_the_interaction(tiny):
    assert with_recipe(tiny(recipe="mul_train"), "").sam.interaction == "mul"
    assert with_recipe(tiny("sam.interaction=mul"), "_train").recipe == "mul_train"


def test_teachers_of_one_kind_are_runs_of_different_seeds(tiny, prepared, tmp_path, monkeypatch):
    trained = []

    def finished(config, prepared, **options):
        trained.append(config.seed)
        run = RunFolder(default_run_path(config, prepared, []))
        run.create(config, prepared, run_identity(config, prepared, []))
        run.write_result({})
        return run

    monkeypatch.setattr(distilling, "ensure_run", finished)
    config = tiny("teacher=bidaf,qanet,bidaf", seed=5, runs_dir=str(tmp_path))

    def seeds(config):
        runs = find_or_train_teachers(config, prepared, None)
        return [(run.config().model, run.config().seed) for run in runs]

    assert seeds(config) == [("bidaf", 5), ("qanet", 5), ("bidaf", 6)]
    assert trained == [5, 5, 6]
    # What is there is taken, each once.
    assert seeds(replace(config, seed=6)) == [("bidaf", 6), ("qanet", 5), ("bidaf", 5)]
    assert seeds(replace(config, seed=4, teacher="bidaf,bidaf,bidaf")) == [
        ("bidaf", 5), ("bidaf", 6), ("bidaf", 4),
    ]  # fmt: skip
    assert trained == [5, 5, 6, 4]
    monkeypatch.setattr(RunOnData, "check", lambda self: None)  # of weights, which are not there
    teacher_run = str(next(tmp_path.glob("*/bidaf-seed5-*")))
    with pytest.raises(UserError, match="bidaf-seed5.* is given twice"):
        find_or_train_teachers(config, prepared, [teacher_run, teacher_run])
