"""Runs at once: the same results as one after the other, and faults of one are not faults of others."""

import json
import multiprocessing
import os
import re

import pytest

from holle_tf.config import Config, load_config
from holle_tf.modes.report import Request, report_mode
from holle_tf.report import costs, execution
from holle_tf.report.execution import next_run, surroundings_of
from holle_tf.report.rows import PlannedRun, teachers_of
from holle_tf.report.runs import Runs
from holle_tf.report.variants import VARIANTS, Variant
from pipelines.errors import UserError

ONLY = ["sd/???_train"]
NAMES = ("sd/mul_train, seed 0", "sd/add_train, seed 0")


@pytest.fixture(autouse=True)
def no_costs(monkeypatch):
    monkeypatch.setattr(costs, "run_benchmark", lambda config, setups: {"inference": {}, "training": {}})


@pytest.fixture
def load_some(load):
    """Function (workers, folder) -> a ``load`` of some runs, under ``folder``."""

    def make(workers, folder):
        def configuration(*names):
            return load(*names, runs_dir=folder, **{"report.workers": workers, "report.only": ONLY})

        return configuration

    return make


def _outcomes(load):
    """Of every run: what training logged without its times, scores, and predictions."""
    runs = Runs(load())
    found = {}
    for run in runs.planned:
        folder = runs.state(run).run
        lines = [
            {name: value for name, value in line.items() if name != "seconds"} for line in folder.epochs()
        ]
        found[run.name] = lines, folder.result()["scores"], (folder.path / "predictions.jsonl").read_text()
    return found


def test_a_killed_run_is_a_failed_one_and_in_the_end_results_are_those_of_one_after_the_other(
    load_some, tmp_path, logged, on_line
):
    beside = load_some(2, tmp_path / "beside")

    killed = []

    def kill_the_first(line):
        if not killed and line.startswith(f"== {NAMES[0]}: begun"):
            killed.append(line)
            multiprocessing.active_children()[0].kill()

    on_line(kill_the_first)
    assert report_mode(beside, Request("smoke")) == 1
    folder = tmp_path / "beside" / "report-smoke"
    report = json.loads((folder / "report.json").read_text())
    assert list(report["failed"]) == [NAMES[0]]
    assert "status -9" in report["failed"][NAMES[0]]
    assert "logs/sd-mul_train-seed0.txt" in report["failed"][NAMES[0]]
    assert report["finished"] == 1 and report["planned"] == 2
    assert "parameters" in (folder / "logs" / "sd-add_train-seed0.txt").read_text()
    assert any(line.startswith("1 of 2 runs finished, 1 failed") for line in logged.messages)

    # What report.only leaves out is said.
    assert "sd/qanet" in report["left_out"] and not set(report["left_out"]) & {"sd/add_train", "sd/mul_train"}
    page = (folder / "index.html").read_text()
    assert '<td class="missing">left out' in page and "report.only=[sd/???_train]" in page

    logged.clear()
    assert report_mode(beside, Request("smoke")) == 0
    assert sum(": begun; " in line for line in logged.messages) == 1, "what is finished is not trained again"

    alone = load_some(1, tmp_path / "alone")
    assert report_mode(alone, Request("smoke")) == 0
    assert _outcomes(beside) == _outcomes(alone)
    assert set(_outcomes(alone)) == set(NAMES)


def test_an_interruption_ends_all_processes_and_the_report_is_written(load_some, tmp_path, on_line):
    started = []

    def interrupt(line):
        if ": begun; " in line:
            started.extend(multiprocessing.active_children())
            if len(set(started)) == 2:
                raise KeyboardInterrupt

    on_line(interrupt)
    with pytest.raises(KeyboardInterrupt):
        report_mode(load_some(2, tmp_path), Request("smoke"))
    assert len(set(started)) == 2 and not any(process.is_alive() for process in started)
    report = json.loads((tmp_path / "report-smoke" / "report.json").read_text())
    assert report["finished"] == 0 and report["failed"] == {}


class _SomeRuns:
    """``Runs`` of which some teachers are there."""

    def __init__(self, *there, config=None):
        self._there, self.config = there, config or Config()

    def missing_teachers(self, variant):
        teachers = [
            PlannedRun(Variant(*key.split("/")), seed) for key, seed in teachers_of(variant, self.config)
        ]
        return [one for one in teachers if one.variant.name not in self._there]


def _run(key):
    return PlannedRun(next(one for one in VARIANTS if one.key == key), 0)


def test_a_run_begins_as_soon_as_its_teachers_are_there():
    waiting = [_run("sd/add/qanet"), _run("sd/add_both/bidaf+qanet"), _run("ld/mul_train")]
    assert next_run(_SomeRuns(), waiting, []) == waiting[2]
    assert next_run(_SomeRuns("bidaf"), waiting, []) == waiting[2]
    assert next_run(_SomeRuns("qanet"), waiting, []) == waiting[0]
    assert next_run(_SomeRuns("qanet"), waiting[1:2], []) is None


def test_what_would_wait_for_scores_that_are_being_computed_comes_later():
    at_work = [_run("sd/add_topk/qanet")]
    waiting = [_run("sd/add/qanet"), _run("ld/add/qanet")]
    assert next_run(_SomeRuns("qanet"), waiting, at_work) == waiting[1]
    assert next_run(_SomeRuns("qanet"), waiting[:1], at_work) == waiting[0]


def test_students_of_a_teacher_that_failed_are_given_up():
    waiting, failed = [_run("sd/add/qanet"), _run("sd/add/bidaf")], {}
    execution._give_up(_SomeRuns("bidaf"), waiting, [], failed)
    assert waiting == [_run("sd/add/bidaf")]
    assert failed == {"sd/add/qanet, seed 0": "its teacher sd/qanet, seed 0 is not there"}


@pytest.mark.parametrize(("how", "teacher"), [("chunks", "sd"), ("windows", "windows"), ("whole", "ld")])
def test_students_of_long_documents_wait_for_the_teacher_that_is_theirs(how, teacher):
    runs = _SomeRuns(config=load_config([], [f"distill.long_teacher={how}"]))
    coming = PlannedRun(Variant(teacher, "qanet"), 0)
    waiting, failed = [coming, _run("ld/add/qanet")], {}
    execution._give_up(runs, waiting, [], failed)
    assert len(waiting) == 2 and not failed
    execution._give_up(runs, waiting[1:], [], failed)
    assert list(failed) == ["ld/add/qanet, seed 0"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="not on this system")
@pytest.mark.parametrize(
    ("cores", "workers", "shares"),
    [
        ({0, 1}, 2, [(0,), (1,)]),
        ({4, 5, 6, 7, 8}, 2, [(4, 5), (6, 7, 8)]),
        ({2, 3}, 3, [(2,), (2,), (3,)]),
    ],
)
def test_every_process_has_its_share_of_the_cores(monkeypatch, cores, workers, shares):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: cores)
    assert [one.cores for one in surroundings_of(workers)] == shares


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError("a.json: not there."), "a.json: not there."),
        (KeyError("x"), "KeyError: 'x'"),
        (NameError("in user code:\n" + "    File a.py\n" * 99 + "name 'losses' is not defined"),
         "NameError: ... [^\n]*name 'losses' is not defined"),
    ],
)  # fmt: skip
def test_a_run_that_fails_is_said_in_one_line_with_the_end_of_its_error(error, said, logged):
    def fail():
        raise error

    failed = {}
    execution._attempt(failed, "sd/add, seed 0", fail)
    assert list(failed) == ["sd/add, seed 0"]
    assert len(failed["sd/add, seed 0"]) < 340
    assert re.fullmatch(said, failed["sd/add, seed 0"])
    assert ("Traceback" in logged.text) != isinstance(error, UserError)
