"""Starts a training like a user, and waits for its first step."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import holle_tf.models.recurrence
from pipelines.errors import UserError

FIRST_STEP = re.compile(r"epoch 1/\d+: +\d+%\|[^|]*\| [1-9]\d*/")


def seconds_to_first_step(arguments: list[str], compile_anew: bool = False) -> float:
    """Seconds until ``holle_tf.main`` with ``arguments`` has done a training step; it is then killed.

    Args:
        arguments: arguments of the command line.
        compile_anew: first empty the cache of the recurrences' machine code.

    Raises:
        UserError: the command ended before its first step.
    """
    if compile_anew:
        package = Path(holle_tf.models.recurrence.__file__).parent
        shutil.rmtree(package / "__pycache__", ignore_errors=True)
    began = time.perf_counter()
    command = [sys.executable, "-m", "holle_tf.main", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = ""
    try:
        while piece := process.stderr.read1(4096):  # type: ignore[attr-defined]
            said += piece.decode("utf-8", errors="replace")
            if FIRST_STEP.search(said):
                return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()
    raise UserError(f"holle_tf.main {' '.join(arguments)} ended before its first step: {said[-500:]}")
