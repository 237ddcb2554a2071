"""Runs all benchmarks, one after the other: ``make bench``, or ``make bench-smoke`` to check that they run.

    .venv/bin/python -m benchmarks.run [--smoke] [--only=recurrent-gru,steps] [--results=FOLDER]
    .venv/bin/python -m benchmarks.run --only=long-teacher --more="--data_dir=FOLDER" --name=long-teacher-real

Each benchmark is a process of its own. Its last line, JSON, is written to ``benchmarks/results/<name>.json``
with the command and the machine; ``benchmarks.report`` makes the tables of the documentation from these
files. With ``--smoke``, sizes are tiny, results are discarded, and as many benchmarks run at once as there
are cores, because timing does not matter.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from absl import app, flags
from tqdm import tqdm

from benchmarks.jobs import JOBS, OTHERS
from benchmarks.machine_paths import command_without_paths
from holle_tf.runs.run_folder import versions, write_text
from holle_tf.system.machine import machine
from pipelines.errors import UserError
from pipelines.parallel import cores

_SMOKE = flags.DEFINE_bool("smoke", False, "tiny sizes; results are discarded")
_ONLY = flags.DEFINE_list("only", [], "names of benchmarks; empty = all but those of OTHERS in jobs.py")
_MORE = flags.DEFINE_string("more", "", "further arguments for the benchmark of --only")
_NAME = flags.DEFINE_string("name", None, "name of its result")
_RESULTS = flags.DEFINE_string("results", "benchmarks/results", "folder of the JSON files")


def run(name: str, folder: Path, smoke: bool) -> None:
    """Run a benchmark and save its result.

    Args:
        smoke: run at the smallest size, and silently unless it fails, because others run at the same time.

    Raises:
        UserError: it failed; its messages are on standard error.
    """
    full, small = {**JOBS, **OTHERS}[name]
    words = shlex.split(f"{full} {_MORE.value}")
    if smoke:
        words += (small or "").replace("FOLDER", str(folder)).split()
    command = [sys.executable, "-m", *words]
    if words[0] == "holle_tf.main":  # the others use temporary folders
        command.append(f"--runs_dir={folder / 'runs'}")
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if smoke else None,
        text=True,
        env={**os.environ, "COLUMNS": "150"},
    )
    print(done.stdout, flush=True)
    if done.returncode:
        print(done.stderr or "", file=sys.stderr)
        raise UserError(f"{' '.join(words)} ended with status {done.returncode}.")
    result = {
        "command": command_without_paths("python -m " + shlex.join(words)),
        "machine": machine(),
        "versions": versions(),
        "result": json.loads(done.stdout.strip().splitlines()[-1]),
    }
    write_text(folder / f"{_NAME.value or name}.json", json.dumps(result, indent=1) + "\n")


def main(_: list[str]) -> None:
    names = _ONLY.value or [name for name, (_, small) in JOBS.items() if small or not _SMOKE.value]
    if unknown := set(names) - set(JOBS) - set(OTHERS):
        raise UserError(f"--only: there is no {sorted(unknown)}; there are {[*JOBS, *OTHERS]}.")
    if (_MORE.value or _NAME.value) and len(_ONLY.value) != 1:
        raise UserError("--more and --name need exactly one benchmark in --only.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if _SMOKE.value else Path(_RESULTS.value)
        folder.mkdir(parents=True, exist_ok=True)

        def run_and_report(name: str) -> None:
            began = time.monotonic()
            tqdm.write(f"== {name}: {({**JOBS, **OTHERS})[name][0]}", file=sys.stderr)
            run(name, folder, _SMOKE.value)
            tqdm.write(f"== {name}: {time.monotonic() - began:.0f} s", file=sys.stderr)

        with ThreadPoolExecutor(cores() if _SMOKE.value else 1) as pool:
            begun = [pool.submit(run_and_report, name) for name in names]
            try:
                for done in tqdm(as_completed(begun), "benchmarks", len(begun), dynamic_ncols=True):
                    done.result()
            finally:
                pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    app.run(main)
