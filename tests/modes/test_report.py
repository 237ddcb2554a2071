"""Errors that stop a report before any training, and when costs are measured."""

from dataclasses import replace

import pytest

from holle_tf.modes import report as mode
from holle_tf.modes.report import report_mode
from holle_tf.report.costs import measure_costs
from pipelines.errors import UserError


def test_the_full_size_needs_data(load):
    with pytest.raises(UserError, match="--data_dir"):
        report_mode(load, "full")


def test_a_broken_file_of_references_is_an_error_before_any_run(load, tmp_path):
    with pytest.raises(UserError, match="--multi_reference"):
        report_mode(load, "smoke", multi_reference=str(tmp_path / "none.json"))


def test_an_error_of_the_runs_is_not_taken_for_one_of_the_costs(load, given_costs, monkeypatch):
    def fail(*given):
        raise UserError("the disk is full")

    monkeypatch.setattr(mode, "train_missing_runs", fail)
    with pytest.raises(UserError, match="the disk is full"):
        report_mode(load, "smoke")


def test_costs_are_measured_again_only_when_a_model_changes(load, given_costs, tmp_path):
    costs, calls = given_costs

    def measured(config, setups, existing=False, folder=tmp_path):
        return measure_costs(config, setups, folder, existing)

    config, both = load(), ["sd", "ld"]
    assert [measured(config, both) for _ in range(2)] == [costs, costs]
    assert len(calls) == 1
    longer = replace(config.training, sam=replace(config.training.sam, epochs=99, patience=7))
    assert measured(replace(config, training=longer), both, existing=True) == costs, "the steps are the same"
    larger = replace(config.training, sam=replace(config.training.sam, batch_size=3))
    assert measured(replace(config, training=larger), both, existing=True) is None
    changed = replace(config, sam=replace(config.sam, units=4))
    assert measured(changed, both, existing=True) is None
    assert measured(changed, both) == costs and len(calls) == 2
    measured(changed, ["sd"])
    measured(config, both)
    assert len(calls) == 2, (
        "measurements of both setups serve for each of them, and those of several models are kept"
    )
    for setups in (["sd"], ["sd"], both):
        measured(config, setups, folder=tmp_path / "elsewhere")
    assert calls[2:] == [["sd"], both]


def test_a_broken_file_of_costs_is_an_error_with_a_remedy(load, tmp_path):
    (tmp_path / "costs.json").write_text('{"key": ')
    with pytest.raises(
        UserError, match="costs.json: cannot be read; remove this file to have it measured again"
    ):
        measure_costs(load(), ["sd"], tmp_path, existing=True)
