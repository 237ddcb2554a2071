"""Kills commands at random moments, gives them again, and compares what they leave with an undisturbed run.

    .venv/bin/python -m benchmarks.kills --kills=50

Each kill is a SIGKILL of the command and all its children, at a random moment between its first words and its
end. Then the temporary files are made to look old, as the next command leaves younger ones alone, and the
command is given again until it ends. What it leaves must be what the undisturbed command left: weights,
predictions, scores, or the bytes of files, see benchmarks/kill_modes.py. No temporary file may be left. The
modes take turns. ``--folder`` keeps every outcome, and the same command goes on after those that are there;
``--minutes`` ends it early. The last line is JSON.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Optional

from absl import app, flags
from rich.table import Table

from benchmarks.kill_modes import MODES, Killed, write_inputs
from benchmarks.kill_traces import age, figures, leftovers
from holle_tf.drawing.terminal_table import print_table
from pipelines.errors import UserError

_KILLS = flags.DEFINE_integer("kills", 50, "kills altogether", lower_bound=1)
_MODES = flags.DEFINE_list("modes", list(MODES), "modes that are killed")
_FOLDER = flags.DEFINE_string("folder", None, "where outcomes are kept; by default a temporary folder")
_MINUTES = flags.DEFINE_float("minutes", 0.0, "begin no kill after so many minutes; 0 = no limit")
_OUTPUT = flags.DEFINE_string("output", None, "file for the figures, as JSON")
_PATIENCE = 900  # seconds that a command may take
_TRIES = 6  # moments that are drawn until one comes before the command has ended


class Campaign:
    """Outcomes of kills in a folder.

    Args:
        folder: what is there already is kept and counted.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._record = folder / "kills.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        lines = self._record.read_text().splitlines() if self._record.exists() else []
        self.done: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def undisturbed(self, mode: str) -> dict[str, Any]:
        """``seconds`` of a command without a kill, ``first`` until its first words, and its ``outcome``."""
        path = self._folder / f"{mode}.json"
        if not path.exists():
            work = self._begin(mode)
            began = time.monotonic()
            process = _start(work, MODES[mode])
            assert process.stderr is not None
            os.read(process.stderr.fileno(), 1)
            first = time.monotonic() - began
            _end(process, mode)
            seconds = time.monotonic() - began
            found = {"seconds": seconds, "first": first, "outcome": MODES[mode].outcome(work)}
            path.write_text(json.dumps(found))
        return dict(json.loads(path.read_text()))

    def kill(self, mode: str) -> dict[str, Any]:
        """Kill the command of a mode once, give it again, and record what became of it."""
        expected = self.undisturbed(mode)
        generator = random.Random(f"{mode} {len(self.done)}")
        for attempt in range(_TRIES):
            work = self._begin(mode)
            process = _start(work, MODES[mode])
            # Earlier every time: the machine may have been slower while the undisturbed command ran.
            moment = generator.random() / 2**attempt
            if _killed_at(process, moment * (expected["seconds"] - expected["first"])):
                break
        else:
            raise RuntimeError(f"{mode}: ended before each of {_TRIES} kills")
        left = age(work)
        outcome: Optional[Any] = None
        error = ""
        try:
            _end(_start(work, MODES[mode]), mode)
            outcome = json.loads(json.dumps(MODES[mode].outcome(work)))
        except (RuntimeError, OSError, ValueError) as fault:
            error = str(fault)
        found = {
            "mode": mode,
            "moment": round(moment, 3),
            "temporary": left,
            "same": outcome == expected["outcome"],
            "left": [path.relative_to(work).as_posix() for path in leftovers(work)],
            "error": error,
        }
        if not found["same"] or found["left"]:
            kept = self._folder / "faults" / f"{mode}-{len(self.done)}"
            shutil.copytree(work, kept, dirs_exist_ok=True)
            (kept / "outcome.json").write_text(json.dumps(outcome))
        self.done.append(found)
        with open(self._record, "a") as file:
            file.write(json.dumps(found) + "\n")
        return found

    def _begin(self, mode: str) -> Path:
        """The folder that a command works in, with what it needs; always of the same path."""
        base, work = self._base(MODES[mode].needs), self._folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(base, work)
        return work

    def _base(self, needs: tuple[str, ...]) -> Path:
        base = self._folder / "-".join(("base", *needs))
        if not base.exists():
            work = self._folder / "work"
            shutil.rmtree(work, ignore_errors=True)
            if needs:
                shutil.copytree(self._base(needs[:-1]), work)
                _end(_start(work, MODES[needs[-1]]), needs[-1])
            else:
                work.mkdir()
                write_inputs(work)
            os.rename(work, base)
        return base


def _start(work: Path, killed: Killed) -> subprocess.Popen:
    """A command in a process group of its own, which starts with a line on its standard error."""
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "holle_tf.main", *killed.arguments],
        cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def _end(process: subprocess.Popen, mode: str) -> None:
    """Wait for a command; a RuntimeError with its last line unless it ends well."""
    try:
        _, said = process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise RuntimeError(f"{mode}: did not end within {_PATIENCE} seconds") from None
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        raise RuntimeError(f"{mode}: status {process.returncode}: {lines[-1] if lines else ''}")


def _killed_at(process: subprocess.Popen, seconds: float) -> bool:
    """Kill a command and its children so many seconds after its first words; False if it ended before."""
    assert process.stderr is not None
    os.read(process.stderr.fileno(), 1)
    deadline = time.monotonic() + seconds
    os.set_blocking(process.stderr.fileno(), False)
    while time.monotonic() < deadline and process.poll() is None:
        process.stderr.read()  # lest the command waits for a reader
        time.sleep(0.01)
    ended = process.poll() is not None
    if not ended:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return not ended


def main(_: list[str]) -> None:
    if unknown := set(_MODES.value) - set(MODES):
        raise UserError(f"--modes: {', '.join(unknown)}: not among {', '.join(MODES)}.")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        campaign = Campaign(Path(_FOLDER.value or scratch).resolve())
        while len(campaign.done) < _KILLS.value:
            if _MINUTES.value and time.monotonic() - began > 60 * _MINUTES.value:
                break
            killed = Counter(found["mode"] for found in campaign.done)
            found = campaign.kill(min(_MODES.value, key=lambda mode: killed[mode]))
            held = (
                "held" if found["same"] and not found["left"] else f"FAILED {found['left']} {found['error']}"
            )
            print(
                f"{len(campaign.done):4d} {found['mode']} at {100 * found['moment']:.0f} %: {held}",
                flush=True,
            )
        rows = figures(campaign.done)
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    print_table(table, "kill -9, and the same command again")
    if _OUTPUT.value:
        Path(_OUTPUT.value).write_text(json.dumps({"rows": rows}, indent=1) + "\n")
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    app.run(main)
