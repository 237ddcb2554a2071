import os
import time

import pytest

from holle_tf.system.child_process import ChildProcess, ProcessSettings, first_ended, in_child_process
from pipelines.errors import UserError


def _sum_and_process(*values):
    return sum(values), os.getpid()


def test_the_result_comes_from_another_process():
    total, process = in_child_process(_sum_and_process, 1, 2)
    assert total == 3
    assert process != os.getpid()


def test_a_process_that_is_killed_is_an_error():
    with pytest.raises(UserError, match="_exit.*status 9"):
        in_child_process(os._exit, 9)


def _where_it_is(path):
    print("said")
    os.system("echo by the shell")
    return sorted(os.sched_getaffinity(0)), os.environ["HOLLE_TF_TEST"], path


def _sleep(seconds):
    time.sleep(seconds)
    return seconds


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="not on this system")
def test_a_process_keeps_to_its_cores_and_its_output_goes_to_its_file(tmp_path):
    core = min(os.sched_getaffinity(0))
    file = tmp_path / "logs" / "output.txt"
    settings = ProcessSettings((core,), {"HOLLE_TF_TEST": "set"}, file)
    process = ChildProcess(_where_it_is, "unchanged", settings=settings)
    assert process.result() == ([core], "set", "unchanged")
    assert sorted(file.read_text().split("\n")) == ["", "by the shell", "said"]


def test_what_ends_first_is_found_and_the_others_can_be_stopped():
    began = time.monotonic()
    slow, fast = ChildProcess(_sleep, 600.0), ChildProcess(_sleep, 0.0)
    assert first_ended([slow, fast]) == [fast]
    assert fast.result() == 0.0
    assert first_ended([slow], 0.01) == []
    slow.stop()
    with pytest.raises(UserError, match="_sleep ended with status -15"):
        slow.result()
    assert time.monotonic() - began < 300
