"""A service as the command line starts it, and what its process takes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence


@contextmanager
def serving(arguments: Sequence[str], cores: int) -> Iterator[tuple[int, int]]:
    """Port and process id of ``--mode=serve``.

    Args:
        arguments: of the command, beside the mode and the port.
        cores: that it gets, the first of ours; we keep the others, or share them if there are none.

    Raises:
        RuntimeError: the service did not start.
    """
    command = [sys.executable, "-m", "holle_tf.main", "--mode=serve", "--port=0", *arguments]
    ours = sorted(os.sched_getaffinity(0))
    process = subprocess.Popen(
        ["taskset", "-c", ",".join(map(str, ours[:cores])), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        if not found:
            raise RuntimeError(f"the service did not start: {' '.join(command)}")
        if cores < len(ours):
            os.sched_setaffinity(0, ours[cores:])
        yield int(found[1]), process.pid
    finally:
        os.sched_setaffinity(0, ours)
        process.terminate()
        process.wait()


def processor_seconds(process: int) -> float:
    """The processor time that all threads of a process have taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(process: int, kind: str) -> float:
    """Memory of a process.

    Args:
        kind: VmHWM = the most that it has had; RssAnon = its own at present; RssFile = parts of files that
            are mapped, which the system takes back when it needs memory.
    """
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(rf"{kind}:\s*(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024
