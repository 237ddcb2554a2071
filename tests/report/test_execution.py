"""Parallel runs: the same results as in sequence, and a failed run leaves the others alone."""

import json
import multiprocessing
import os
import re

import pytest

from holle_tf.config import Config
from holle_tf.config_sources import load_config
from holle_tf.modes.report import report_mode
from holle_tf.report import costs, execution
from holle_tf.report.execution import machine_shares, next_run
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
    """The training log without times, the scores and the predictions of every run."""
    runs = Runs(load())
    found = {}
    for run in runs.planned:
        folder = runs.state(run).run
        lines = [
            {name: value for name, value in line.items() if name != "seconds"} for line in folder.epochs()
        ]
        found[run.name] = lines, folder.result()["scores"], (folder.path / "predictions.jsonl").read_text()
    return found


def test_a_killed_run_fails_alone_and_parallel_results_equal_those_in_sequence(
    load_some, tmp_path, logged, on_line
):
    parallel = load_some(2, tmp_path / "parallel")
    killed = []

    def kill_the_first(line):
        if not killed and line.startswith(f"== {NAMES[0]}: started"):
            killed.append(line)
            multiprocessing.active_children()[0].kill()

    on_line(kill_the_first)
    assert report_mode(parallel, "smoke") == 1
    folder = tmp_path / "parallel" / "report-smoke"
    report = json.loads((folder / "report.json").read_text())
    assert list(report["failed"]) == [NAMES[0]]
    assert "status -9" in report["failed"][NAMES[0]]
    assert "logs/sd-mul_train-seed0.txt" in report["failed"][NAMES[0]]
    assert report["finished"] == 1 and report["planned"] == 2
    assert "parameters" in (folder / "logs" / "sd-add_train-seed0.txt").read_text()
    assert any(line.startswith("1 of 2 runs finished, 1 failed") for line in logged.messages)

    # The report says which rows report.only leaves out.
    assert "sd/qanet" in report["left_out"] and not set(report["left_out"]) & {"sd/add_train", "sd/mul_train"}
    page = (folder / "index.html").read_text()
    assert '<td class="missing">left out' in page and "report.only=[sd/???_train]" in page

    logged.clear()
    assert report_mode(parallel, "smoke") == 0
    assert sum(": started; " in line for line in logged.messages) == 1, "finished runs are not trained again"

    sequential = load_some(1, tmp_path / "sequential")
    assert report_mode(sequential, "smoke") == 0
    assert _outcomes(parallel) == _outcomes(sequential)
    assert set(_outcomes(sequential)) == set(NAMES)


def test_an_interruption_ends_all_processes_and_the_report_is_written(load_some, tmp_path, on_line):
    started = []

    def interrupt(line):
        if ": started; " in line:
            started.extend(multiprocessing.active_children())
            if len(set(started)) == 2:
                raise KeyboardInterrupt

    on_line(interrupt)
    with pytest.raises(KeyboardInterrupt):
        report_mode(load_some(2, tmp_path), "smoke")
    assert len(set(started)) == 2 and not any(process.is_alive() for process in started)
    report = json.loads((tmp_path / "report-smoke" / "report.json").read_text())
    assert report["finished"] == 0 and report["failed"] == {}


class _SomeRuns:
    """``Runs`` with some trained teachers."""

    def __init__(self, *there, config=None):
        self._there, self.config, self.lost = there, config or Config(), set()

    def missing_teachers(self, variant):
        teachers = [
            PlannedRun(Variant(*key.split("/")), seed) for key, seed in teachers_of(variant, self.config)
        ]
        return [teacher for teacher in teachers if teacher.variant.name not in self._there]

    def settled(self, run):
        return run


def _run(key):
    return PlannedRun(next(variant for variant in VARIANTS if variant.key == key), 0)


def test_a_run_starts_as_soon_as_its_teachers_are_trained():
    waiting = [_run("sd/add/qanet"), _run("sd/add_both/bidaf+qanet"), _run("ld/mul_train")]
    assert next_run(_SomeRuns(), waiting, []) == waiting[2]
    assert next_run(_SomeRuns("bidaf"), waiting, []) == waiting[2]
    assert next_run(_SomeRuns("qanet"), waiting, []) == waiting[0]
    assert next_run(_SomeRuns("qanet"), waiting[1:2], []) is None


def test_a_run_that_would_wait_for_teacher_scores_comes_later():
    running = [_run("sd/add_topk/qanet")]
    waiting = [_run("sd/add/qanet"), _run("ld/add/qanet")]
    assert next_run(_SomeRuns("qanet"), waiting, running) == waiting[1]
    assert next_run(_SomeRuns("qanet"), waiting[:1], running) == waiting[0]


def test_students_of_a_failed_teacher_fail():
    waiting, failed = [_run("sd/add/qanet"), _run("sd/add/bidaf")], {}
    execution._fail_without_teachers(_SomeRuns("bidaf"), waiting, [], failed)
    assert waiting == [_run("sd/add/bidaf")]
    assert failed == {"sd/add/qanet, seed 0": "its teacher sd/qanet, seed 0 was not trained"}


@pytest.mark.parametrize(("how", "teacher"), [("chunks", "sd"), ("windows", "windows"), ("whole", "ld")])
def test_students_of_long_documents_wait_for_their_own_teacher(how, teacher):
    runs = _SomeRuns(config=load_config([], [f"distill.long_teacher={how}"]))
    coming = PlannedRun(Variant(teacher, "qanet"), 0)
    waiting, failed = [coming, _run("ld/add/qanet")], {}
    execution._fail_without_teachers(runs, waiting, [], failed)
    assert len(waiting) == 2 and not failed
    execution._fail_without_teachers(runs, waiting[1:], [], failed)
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
    assert [share.cores for share in machine_shares(workers)] == shares


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UserError("a.json: not there."), "a.json: not there."),
        (KeyError("x"), "KeyError: 'x'"),
        (NameError("in user code:\n" + "    File a.py\n" * 99 + "name 'losses' is not defined"),
         "NameError: ... [^\n]*name 'losses' is not defined"),
    ],
)  # fmt: skip
def test_the_error_of_a_failed_run_is_one_line_with_the_end_of_the_message(error, said, logged):
    def fail():
        raise error

    failed = {}
    execution._attempt(failed, "sd/add, seed 0", fail)
    assert list(failed) == ["sd/add, seed 0"]
    assert len(failed["sd/add, seed 0"]) < 340
    assert re.fullmatch(said, failed["sd/add, seed 0"])
    assert ("Traceback" in logged.text) != isinstance(error, UserError)
