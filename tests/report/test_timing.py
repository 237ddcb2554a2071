"""Where the times of the plan come from."""

import json

import pytest

from holle_tf.options.distill import DistillConfig
from holle_tf.report import timing
from holle_tf.report.plan import plan_line, teachers_line
from holle_tf.report.rows import PlannedRun
from holle_tf.report.runs import Runs, State
from holle_tf.report.timing import KEPT, Measurements, Part, estimate_all, parts_of
from holle_tf.report.variants import VARIANTS
from holle_tf.training.step_times import StepTime
from pipelines.errors import UserError

BY_KEY = {variant.key: variant for variant in VARIANTS}
COSTS = {key: variant.cost for key, variant in BY_KEY.items()}


class _Run:
    """A run folder with times only."""

    def __init__(self, seconds):
        self._seconds = seconds

    def result(self):
        return {"seconds_per_epoch": self._seconds}

    def epochs(self):
        return [{"seconds": self._seconds}]


@pytest.fixture
def measured(monkeypatch):
    """Replaces measurements; gives the list of the kinds of runs that were measured."""
    asked = []

    def measure(config, prepared):
        name = config.model if config.model != "sam" else config.recipe
        asked.append(f"{config.data.setup}/{name}")
        return StepTime(
            {"qanet": 30.0, "bidaf": 60.0, "add_train": 20.0, "add_grad": 100.0}.get(name, 15.0), 3
        )

    monkeypatch.setattr(timing, "measure_epoch", measure)
    return asked


def _estimates(config, states=(), measure="all"):
    runs = Runs(config)
    missing = {run: State("missing", 0, None) for run in runs.planned}
    found = estimate_all(runs, {**missing, **dict(states)}, measure)
    return {run.variant.key: estimate for run, estimate in found.items()}, runs


def test_an_epoch_without_a_fold_is_that_part_of_a_whole_one():
    (part,) = parts_of(("sd", "qanet", "without 1/4"), DistillConfig())
    assert part == Part(0.75, ("sd", "qanet"))


def test_few_kinds_are_measured_and_the_others_say_what_they_are_computed_from(load, measured, tmp_path):
    config = load(runs_dir=tmp_path)
    found, runs = _estimates(config)
    assert sorted(measured) == ["sd/add_grad", "sd/add_train", "sd/bidaf", "sd/mul_train", "sd/qanet"]
    assert len(found) == len(VARIANTS)
    assert found["sd/add_topk/qanet"][1:] == (20.0, "3 steps measured")
    words = [runs.prepared(setup).mean_words("train")["document"] for setup in ("ld", "sd")]
    ratio = words[0] / words[1]
    assert ratio > 2
    assert found["ld/add/qanet"].seconds_per_epoch == pytest.approx(20.0 * ratio)
    assert found["ld/add/qanet"].basis == f"computed: {ratio:.2g} x sd/add"
    assert found["sd/add_aug/qanet"].seconds_per_epoch == pytest.approx(2 * 20.0 + 30.0 / 3)
    assert found["ld/add_aug/bidaf"].seconds_per_epoch == pytest.approx(ratio * (2 * 20.0 + 60.0 / 3))
    passes = 2 / 3 * config.distill.gradient_share  # through a teacher, in its training steps
    assert found["sd/add_grad/bidaf"].seconds_per_epoch == pytest.approx(100.0 + (60.0 - 30.0) * passes)

    measured.clear()
    again, _ = _estimates(config)
    assert measured == [] and "measured on 2" in again["sd/qanet"].basis
    assert {entry["variant"] for entry in json.loads((tmp_path / KEPT).read_text()).values()} >= {"sd/qanet"}


def test_epochs_of_trained_runs_count_before_measured_steps(load, measured, tmp_path):
    config = load(runs_dir=tmp_path)
    finished, begun = (PlannedRun(BY_KEY[key], 0) for key in ("sd/add_train", "sd/add/qanet"))
    found, _ = _estimates(
        config, {finished: State("finished", 1, _Run(7.0)), begun: State("begun", 1, _Run(9.0))}.items()
    )
    assert finished.variant.key not in found
    assert found["sd/add_topk/qanet"][1:] == (7.0, "1 finished like it")
    assert found["sd/add/qanet"][1:] == (9.0, "its first 1 epochs")
    assert "sd/add_train" not in measured
    assert found["sd/add_aug/qanet"].seconds_per_epoch == pytest.approx(2 * 7.0 + 30.0 / 3)


def test_a_plan_measures_plain_models_and_leaves_times_of_slow_compilations_unknown(load, measured, tmp_path):
    config = load(runs_dir=tmp_path)
    found, runs = _estimates(config, measure="plain")
    assert sorted(measured) == ["sd/add_train", "sd/bidaf", "sd/mul_train", "sd/qanet"]
    assert {variant.key for variant in VARIANTS} - set(found) == {"sd/add_grad/qanet", "sd/add_grad/bidaf"}
    states = {run: State("missing", 0, None) for run in runs.planned}
    line = plan_line(
        states, {run: found[run.variant.key] for run in runs.planned if run.variant.key in found}, 2
    )
    assert (
        ", 35 of them in at most" in line and "the time of 2 is unknown" in line and "2 in parallel" in line
    )
    assert teachers_line(states, config).count("sd/qanet") == 1
    assert "in chunks" in teachers_line(states, load(**{"distill.long_teacher": "windows"}))
    assert "ld/qanet, ld/bidaf, which read them whole" in teachers_line(
        states, load(**{"distill.long_teacher": "whole"})
    )
    short = {run: state for run, state in states.items() if run.variant.setup == "sd"}
    assert teachers_line(short, config) == ""
    assert _estimates(config, measure="nothing")[0] == {}

    _estimates(config)
    found, _ = _estimates(config, measure="plain")
    assert len(found) == len(VARIANTS), "it was measured before"


@pytest.mark.parametrize("option", [{"distill.matching_weight": 0.1}, {"distill.cache_teacher": False}])
def test_times_are_unknown_if_an_option_makes_the_teacher_read_at_every_step(
    load, measured, tmp_path, option
):
    found, _ = _estimates(load(runs_dir=tmp_path, **option))
    assert {key for key in found if key.startswith("sd")} == {
        "sd/mul_train", "sd/add_train", "sd/mul_twice", "sd/add_twice", "sd/qanet", "sd/bidaf"
    }  # fmt: skip


def test_a_failed_measurement_is_logged_and_leaves_the_time_unknown(
    load, measured, tmp_path, monkeypatch, logged
):
    def fail(config, prepared):
        if config.recipe == "add_grad":
            raise UserError("no\nway")
        return StepTime(15.0, 3)

    monkeypatch.setattr(timing, "measure_epoch", fail)
    runs = Runs(load(runs_dir=tmp_path))
    found = estimate_all(runs, {run: State("missing", 0, None) for run in runs.planned}, "all")
    assert {variant.key for variant in VARIANTS} - {run.variant.key for run in found} == {
        "sd/add_grad/qanet", "sd/add_grad/bidaf"
    }  # fmt: skip
    assert "sd/add_grad/qanet cannot be measured: no way" in logged.messages


def test_rows_of_long_documents_alone_are_computed_from_short_ones(load, measured, tmp_path):
    row = "ld/sam_match:add_train"
    found, _ = _estimates(load(runs_dir=tmp_path, **{"report.rows": [row], "report.only": [row]}))
    assert found[row].basis.endswith("x sd/sam_match:add") and measured == ["sd/sam_match"]


def test_another_model_is_measured_again(load, measured, tmp_path):
    runs = Runs(load(runs_dir=tmp_path))
    for other in (runs, Runs(load(runs_dir=tmp_path, **{"sam.units": 4}))):
        Measurements(other).epoch(BY_KEY["sd/add_train"])
    assert len(measured) == 2


def test_an_added_recipe_with_an_online_teacher_is_measured():
    assert parts_of(("sd", "add", "something", "qanet"), DistillConfig()) == []
    assert parts_of(COSTS["ld/mul_train"], DistillConfig()) == [Part(1.0, ("sd", "mul"), by_words=True)]
