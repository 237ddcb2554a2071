"""Searches of real processes, some of which are killed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines.errors import UserError
from tuning.distributed import Role, choose_role

ROOT = Path(__file__).parent.parent.parent
SECONDS = 300  # after which a test gives up; on a busy machine importing TensorFlow alone takes long


class Command:
    """A running command, with a way to wait for lines on its standard error."""

    def __init__(self, runs_dir, space, *arguments):
        given = [f"--runs_dir={runs_dir}", "--mode=tune", *arguments]
        for assignment in (
            "demo.train_examples=24", "demo.dev_examples=6", "demo.test_examples=6", "demo.document_words=40",
            "sam.units=4", "sam.layers=1", "sam.inner_units=4", "training.sam.batch_size=4",
            "tuning.trial_epochs=2", "tuning.isolate=false", f"tuning.space={space}",
        ):  # fmt: skip
            given += ["--set", assignment]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "holle_tf.main", *given],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.said = self._printed = ""
        self._listeners = [threading.Thread(target=work, daemon=True) for work in (self._hear, self._read)]
        for listener in self._listeners:
            listener.start()

    def _hear(self):
        for line in self._process.stderr:
            self.said += line

    def _read(self):
        self._printed = self._process.stdout.read()

    def wait_for(self, pattern):
        """The first match of ``pattern`` in its standard error."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            found = re.search(pattern, self.said)
            if found:
                return found
            assert self._process.poll() is None, self.said
            time.sleep(0.02)
        raise AssertionError(f"{pattern!r} was not said: {self.said}")

    def end(self):
        """Exit status and the JSON that was printed last."""
        try:
            self._process.wait(SECONDS)
        finally:
            self.kill()
        for listener in self._listeners:
            listener.join()  # so that all of its output is here
        lines = self._printed.strip().splitlines()
        return self._process.returncode, json.loads(lines[-1]) if lines else {}

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def statuses(folder):
    trials = json.loads((folder / "trials.json").read_text())["trials"]
    return {row["trial"]: row["status"] for row in trials}


@pytest.mark.slow
def test_a_search_that_was_killed_goes_on_after_its_last_finished_trial(tmp_path, space_file):
    space = space_file({"sam.dropout": [0.0, 0.1, 0.2]})
    first = Command(tmp_path, space, f"--run_dir={tmp_path / 'search'}")
    try:
        first.wait_for("trial 2 of 3")
    finally:
        first.kill()  # SIGKILL
    done = tmp_path / "search" / "trial_00" / "outcome.json"
    before = done.stat().st_mtime_ns
    second = Command(tmp_path, space, f"--run_dir={tmp_path / 'search'}")
    status, printed = second.end()
    assert status == 0 and printed["failed"] == 0
    assert "going on after 1 trials" in second.said and "trial 1 of 3" not in second.said
    assert done.stat().st_mtime_ns == before
    assert statuses(tmp_path / "search") == {1: "COMPLETED", 2: "COMPLETED", 3: "COMPLETED"}


@pytest.mark.slow
def test_a_worker_that_is_killed_in_a_trial_leaves_it_to_the_other(tmp_path, space_file):
    space = space_file({"sam.dropout": [0.0, 0.1, 0.2, 0.3]})
    search = Command(tmp_path, space, f"--run_dir={tmp_path / 'search'}", "--tuner_workers=2")
    try:
        process = int(search.wait_for(r"worker1 is process (\d+)").group(1))
        trial = search.wait_for(r"worker1: trial (\d+) of 4").group(1)
        os.kill(process, signal.SIGKILL)
        search.wait_for(f"worker1 is lost; trial {trial} is")
        status, _ = search.end()
    finally:
        search.kill()
    assert status == 0
    assert f"worker2: trial {trial} of 4" in search.said
    assert statuses(tmp_path / "search") == dict.fromkeys(range(1, 5), "COMPLETED")


@pytest.mark.slow
def test_chief_and_workers_may_be_commands_of_their_own(tmp_path, space_file):
    """A worker is killed in its trial, and another worker takes its place."""
    space = space_file({"sam.dropout": [0.0, 0.1, 0.2]})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"--tuner_address=127.0.0.1:{free.getsockname()[1]}"
    where = (f"--run_dir={tmp_path / 'search'}", address, "--set", "tuning.lost_seconds=5")
    running = [Command(tmp_path, space, "--tuner_role=chief", *where)]
    try:
        running[0].wait_for("the chief listens")
        running.append(Command(tmp_path, space, "--tuner_role=worker", "--tuner_id=first", *where))
        trial = running[1].wait_for(r"trial (\d+) of 3").group(1)
        running[1].kill()  # SIGKILL
        running.append(Command(tmp_path, space, "--tuner_role=worker", "--tuner_id=second", *where))
        running[0].wait_for(f"first is lost; trial {trial} is")
        assert [command.end()[0] for command in (running[2], running[0])] == [0, 0]
    finally:
        for command in running:
            command.kill()
    assert statuses(tmp_path / "search") == dict.fromkeys(range(1, 4), "COMPLETED")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ((None, None, None, 1), Role("alone")),
        ((None, None, None, 2), Role("local")),
        (("chief", None, "0.0.0.0:7700", 1), Role("chief", "chief", "0.0.0.0", 7700)),
        (("worker", "w1", "lead:7700", 1), Role("worker", "w1", "lead", 7700)),
    ],
)
def test_the_role_is_that_of_the_flags(given, found):
    assert choose_role(*given, environment={}) == found


def test_the_role_is_that_of_keras_tuners_own_variables():
    variables = {
        "KERASTUNER_TUNER_ID": "w1",
        "KERASTUNER_ORACLE_IP": "lead",
        "KERASTUNER_ORACLE_PORT": "7700",
    }
    assert choose_role(None, None, None, 1, variables) == Role("worker", "w1", "lead", 7700)
    chief = {**variables, "KERASTUNER_TUNER_ID": "chief"}
    assert choose_role(None, None, None, 1, chief) == Role("chief", "chief", "lead", 7700)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("worker", "w1", None, 1), "--tuner_address"),
        (("worker", None, "lead:7700", 1), "--tuner_id"),
        (("worker", "chief2", "lead:7700", 1), "--tuner_id"),
        (("chief", None, "7700", 1), "HOST:PORT"),
        (("chief", None, "lead:99999", 1), "HOST:PORT"),
    ],
)
def test_a_role_that_misses_something_says_what(given, said):
    with pytest.raises(UserError, match=said):
        choose_role(*given, environment={})
