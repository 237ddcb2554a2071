"""What stops a report before anything is trained, and when its costs are measured."""

from dataclasses import replace

import pytest

from holle_tf.modes import report as mode
from holle_tf.modes.report import Request, report_mode
from holle_tf.report.costs import measure_costs
from pipelines.errors import UserError


def test_the_full_size_needs_data(load):
    with pytest.raises(UserError, match="--data_dir"):
        report_mode(load, Request("full"))


def test_a_broken_file_of_references_stops_before_anything_is_run(load, tmp_path):
    with pytest.raises(UserError, match="--multi_reference"):
        report_mode(load, Request("smoke", multi_reference=str(tmp_path / "none.json")))


def test_what_stops_the_runs_is_no_fault_of_the_costs(load, given_costs, monkeypatch):
    def carry_out(*given):
        raise UserError("the disk is full")

    monkeypatch.setattr(mode, "carry_out", carry_out)
    with pytest.raises(UserError, match="the disk is full"):
        report_mode(load, Request("smoke"))


def test_costs_are_measured_anew_when_a_model_changes_and_only_then(load, given_costs, tmp_path):
    costs, calls = given_costs

    def measured(config, setups, existing=False, folder=tmp_path):
        return measure_costs(config, setups, folder, existing)

    config, both = load(), ["sd", "ld"]
    assert [measured(config, both) for _ in range(2)] == [costs, costs]
    assert len(calls) == 1
    longer = replace(config.training, sam=replace(config.training.sam, epochs=99, patience=7))
    assert measured(replace(config, training=longer), both, existing=True) == costs, "a step is the same"
    larger = replace(config.training, sam=replace(config.training.sam, batch_size=3))
    assert measured(replace(config, training=larger), both, existing=True) is None
    changed = replace(config, sam=replace(config.sam, units=4))
    assert measured(changed, both, existing=True) is None
    assert measured(changed, both) == costs and len(calls) == 2
    measured(changed, ["sd"])
    measured(config, both)
    assert len(calls) == 2, "what is kept has more than the one, and is kept of the other"
    for setups in (["sd"], ["sd"], both):
        measured(config, setups, folder=tmp_path / "elsewhere")
    assert calls[2:] == [["sd"], both]


def test_broken_costs_cost_no_run(load, tmp_path):
    (tmp_path / "costs.json").write_text('{"key": ')
    with pytest.raises(
        UserError, match="costs.json: cannot be read; remove this file, and it is measured again"
    ):
        measure_costs(load(), ["sd"], tmp_path, existing=True)
