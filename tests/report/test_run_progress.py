"""The line that shows the progress of all runs."""

import pytest

from holle_tf.config_sources import load_config
from holle_tf.report.rows import PlannedRun
from holle_tf.report.run_progress import ReportProgress
from holle_tf.report.runs import State
from holle_tf.report.timing import Estimate
from holle_tf.report.variants import VARIANTS

BY_KEY = {variant.key: variant for variant in VARIANTS}
DONE, STUDENT, TEACHER, LATER = (
    PlannedRun(BY_KEY[key], 0) for key in ("sd/mul_train", "sd/add_train", "sd/qanet", "sd/add/qanet")
)


class _Runs:
    config = load_config(assignments=["training.sam.epochs=10", "training.qanet.epochs=20"])

    def __init__(self, **epochs):
        self._epochs = epochs

    def state(self, run):
        return State("begun", self._epochs[run.variant.name], None)


@pytest.fixture
def states():
    return {
        DONE: State("finished", 10, None),
        STUDENT: State("missing", 0, None),
        TEACHER: State("begun", 5, None),
        LATER: State("missing", 0, None),
    }


def test_time_left_is_the_work_left_divided_by_the_speed_so_far(states):
    estimates = {
        STUDENT: Estimate(10, 10.0, ""),
        TEACHER: Estimate(15, 20.0, ""),
        LATER: Estimate(10, 10.0, ""),
    }
    progress = ReportProgress(_Runs(add_train=4, qanet=6), states, estimates)
    # 4 x 10 + (6 - 5) x 20 s of work are done in 30 s, of 100 + 300 + 100.
    line = progress.line([STUDENT, TEACHER], [LATER], {}, 30.0)
    assert line == (
        "1 of 4 runs finished; sd/add_train 4 of 10 epochs; sd/qanet 6 of 20 epochs; about 4 min left"
    )
    # The student is done: 120 s of work in 60 s. After the teacher's failure nothing is left to do.
    assert progress.line([TEACHER], [LATER], {}, 60.0).endswith("sd/qanet 6 of 20 epochs; about 3 min left")
    assert progress.line([], [], {TEACHER.name: "", LATER.name: ""}, 60.0) == "2 of 4 runs finished, 2 failed"


def test_without_estimates_epochs_count_alike_and_before_the_first_no_time_is_shown(states):
    progress = ReportProgress(_Runs(add_train=5), states, {})
    assert progress.line([STUDENT], [LATER, TEACHER], {}, 10.0).endswith("about 60 s left")
    progress = ReportProgress(_Runs(add_train=0), states, {})
    assert progress.line([STUDENT], [LATER, TEACHER], {}, 10.0).endswith("sd/add_train 0 of 10 epochs")


def test_a_log_gets_a_line_when_a_run_ends_and_not_at_every_update(states, monkeypatch, logged):
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    progress = ReportProgress(_Runs(add_train=1, qanet=5), states, {})
    for _ in range(3):
        progress.show([STUDENT, TEACHER], [LATER], {})
    assert logged.messages == []
    progress.show([TEACHER], [LATER], {})
    progress.show([TEACHER], [LATER], {})
    assert len(logged.messages) == 1
    progress.close()
