"""All benchmarks, one after the other: ``make bench``, or ``make bench-smoke`` to see whether they run.

    .venv/bin/python -m benchmarks.run [--smoke] [--only=recurrent-gru,steps] [--results=FOLDER]

Each is a process of its own. Its last line, JSON, is written to ``benchmarks/results/<name>.json`` with the
command and the machine; ``benchmarks.report`` makes the tables of the documentation from these files. With
``--smoke`` sizes are tiny and nothing is kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Optional

from absl import app, flags
from tqdm import tqdm

from holle_tf.workflow.machine import machine
from holle_tf.workflow.run_folder import versions
from pipelines.atomic import atomic_file
from pipelines.errors import UserError

_SMOKE = flags.DEFINE_bool("smoke", False, "tiny sizes, nothing kept")
_ONLY = flags.DEFINE_list("only", [], "names of benchmarks; empty = all that need no hour and no PyTorch")
_RESULTS = flags.DEFINE_string("results", "benchmarks/results", "folder of the JSON files")

# Arguments in full, and those that are added to make it small; none where another one runs the same code.
JOBS: dict[str, tuple[str, Optional[str]]] = {
    "recurrent-gru": ("benchmarks.recurrent --lengths=256,1200", "--lengths=32 --steps=1"),
    "recurrent-lstm": (
        "benchmarks.recurrent --cell=lstm --units=100 --lengths=256",
        "--lengths=32 --steps=1",
    ),
    "steps": (
        "benchmarks.steps --variants=sam:none,bidaf:none,bidaf:bfloat16,qanet:none,qanet:bfloat16",
        "--variants=sam:none,bidaf:none --document=32 --batch=2 --steps=1",
    ),
    "bounds": ("benchmarks.bounds", "--models=sam --document=32 --batch=2 --steps=1 --size=64"),
    "operations": ("benchmarks.operations", "--variants=sam:none --document=32 --batch=2 --steps=1"),
    "input": ("benchmarks.input --models=sam,bidaf,qanet", "--models=sam --limit=20 --epochs=1 --steps=1"),
    "input-ld": ("benchmarks.input --models=sam --setup=ld", None),
    "startup": ("benchmarks.startup", "--models=sam --sizes=demo --limit=20"),
    "growth": (
        "benchmarks.growth --models=sam,bidaf,qanet,bidaf:chunks,qanet:chunks",
        "--models=sam --sizes=64,128 --steps=1",
    ),
    "growth-batch": ("benchmarks.growth --vary=batch --sizes=1,4,16,64 --steps=2", None),
    "growth-context": ("benchmarks.growth --vary=context --sizes=8,32,128 --batch=8 --steps=2", None),
    "growth-examples": (
        "benchmarks.growth --vary=examples --sizes=250,500,1000,2000",
        "--models=sam --sizes=20,40",
    ),
    "distillation": (
        "benchmarks.distillation",
        "--variants=add_train --steps=1 --document=16 --batch=2 --limit=16 --epochs=1",
    ),
    "long-teacher": (
        "benchmarks.long_teacher --runs_dir=runs",
        "--runs_dir=FOLDER/runs --set limit=16 --set training.qanet.epochs=1 --set demo.document_words=300 "
        "--set qanet.units=8 --set qanet.heads=2 --set board.enabled=false",
    ),
    "large-input": ("benchmarks.large_input --gigabytes=5", "--gigabytes=0.01"),
    "trial-memory": ("benchmarks.trial_memory --trials=20", "--trials=2"),
    "serving": ("benchmarks.serving", "--batches=1,2 --lengths=32 --clients=2 --seconds=0.3"),
    "exports": (
        "benchmarks.exports",
        "--lengths=16,32 --formats=onnx --teachers=bidaf --set training.sam.epochs=1 "
        "--set demo.train_examples=48 --set demo.dev_examples=10 --set demo.test_examples=20",
    ),
    "costs": (
        "holle_tf.main --mode=benchmark",
        "--setup=sd --limit=40 --set qanet.model_blocks=1 --set data.max_history_words=16",
    ),
}
# Only with --only: they train for long, or want PyTorch.
OTHERS: dict[str, tuple[str, Optional[str]]] = {
    "stock-layers": (
        "benchmarks.scores --option=training.sam.recurrence --values=auto,keras --set training.sam.epochs=8",
        "--limit=20 --seeds=0 --set training.sam.epochs=1",
    ),
    "bfloat16": (
        "benchmarks.scores --model=qanet --option=training.qanet.mixed_precision --values=bfloat16,none"
        " --seeds=0,1 --set training.qanet.epochs=12",
        "--limit=20 --seeds=0 --set training.qanet.epochs=1",
    ),
    "recurrent-torch": ("benchmarks.recurrent --lengths=256,1200 --torch", "--lengths=32 --steps=1"),
}


def run(name: str, folder: Path, smoke: bool) -> None:
    """Run one benchmark and keep its result.

    Raises:
        UserError: it failed; what it said went to standard error.
    """
    full, small = {**JOBS, **OTHERS}[name]
    words = [*full.split(), *((small or "").replace("FOLDER", str(folder)).split() if smoke else [])]
    command = [sys.executable, "-m", *words]
    if words[0] == "holle_tf.main":  # the others make their own
        command.append(f"--runs_dir={folder / 'runs'}")
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "150"})
    print(done.stdout, flush=True)
    if done.returncode:
        raise UserError(f"{' '.join(words)} ended with status {done.returncode}.")
    result = {
        "command": "python -m " + " ".join(words),
        "machine": machine(),
        "versions": versions(),
        "result": json.loads(done.stdout.strip().splitlines()[-1]),
    }
    with atomic_file(folder / f"{name}.json", "wb") as file:
        file.write((json.dumps(result, indent=1) + "\n").encode())


def main(_: list[str]) -> None:
    names = _ONLY.value or [name for name, (_, small) in JOBS.items() if small or not _SMOKE.value]
    if unknown := set(names) - set(JOBS) - set(OTHERS):
        raise UserError(f"--only: there is no {sorted(unknown)}; there are {[*JOBS, *OTHERS]}.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if _SMOKE.value else Path(_RESULTS.value)
        folder.mkdir(parents=True, exist_ok=True)
        for name in tqdm(names, desc="benchmarks", dynamic_ncols=True):
            tqdm.write(f"== {name}: {({**JOBS, **OTHERS})[name][0]}", file=sys.stderr)
            run(name, folder, _SMOKE.value)


if __name__ == "__main__":
    app.run(main)
