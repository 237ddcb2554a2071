import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pipelines import parallel
from pipelines.errors import UserError
from pipelines.parallel import ordered_map


def slow_when_even(number):
    time.sleep(0.02 * (number % 2 == 0))
    return number * number


def refuse(number):
    raise UserError(f"cannot do {number}")


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order(workers):
    assert list(ordered_map(slow_when_even, range(20), workers)) == [n * n for n in range(20)]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_worker_raises_is_raised(workers):
    with pytest.raises(UserError, match="cannot do 5"):
        list(ordered_map(refuse, [5], workers))


def test_killed_worker_is_an_error_and_not_a_hang():
    with pytest.raises(UserError, match="killed"):
        list(ordered_map(die, range(4), 2))


def test_slow_consumer_holds_the_workers_back():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    results = ordered_map(slow_when_even, items(), 2)
    next(results)
    time.sleep(0.3)
    assert len(taken) <= 5
    results.close()


ORPHANS = """
import os, signal, time
from pipelines.parallel import ordered_map

def name(_):
    time.sleep(0.1)
    return os.getpid()

workers = set()
for worker in ordered_map(name, range(100), 2):
    workers.add(worker)
    if len(workers) == 2:
        print(*workers, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_workers_end_when_their_parent_is_killed():
    root = Path(parallel.__file__).parents[1]
    # Not a pipe, which the orphans would keep open.
    with tempfile.TemporaryFile("w+") as output:
        subprocess.run([sys.executable, "-c", ORPHANS], cwd=root, stdout=output)
        output.seek(0)
        workers = output.read().split()
    assert len(workers) == 2
    deadline = time.monotonic() + 20
    while any(running(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not any(running(worker) for worker in workers)


def running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
