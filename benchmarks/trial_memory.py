"""Measures the resident memory of a search after each of many tiny trials.

    .venv/bin/python -m benchmarks.trial_memory [--trials=20]

The search runs twice: with each training in a process of its own, and in the process of the search
(``tuning.isolate=false``).
"""

from __future__ import annotations

import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import yaml
from absl import app, flags

from holle_tf.config_sources import load_config
from holle_tf.system.console_logging import configure_console
from tuning.plan import make_plan
from tuning.search import SearchTuner

logger = logging.getLogger("benchmarks.trial_memory")  # which is __main__ when it runs as a program

_TRIALS = flags.DEFINE_integer("trials", 20, "number of tiny trials of each search")

TINY = (
    "demo.train_examples=48", "demo.dev_examples=8", "demo.test_examples=8", "demo.document_words=40",
    "sam.units=16", "sam.layers=1", "training.sam.batch_size=16", "tuning.trial_epochs=1",
)  # fmt: skip


class _Measured(SearchTuner):
    """Records the resident memory after every trial."""

    def on_trial_end(self, trial: Any) -> None:
        super().on_trial_end(trial)
        memory.append(resident_mb())
        logger.info(f"{memory[-1]:.1f} MB after trial {len(memory)}")


memory: list[float] = []


def resident_mb() -> float:
    """Resident memory of this process, MB (10^6 bytes)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no VmRSS in /proc/self/status: this needs Linux")


def measure(folder: Path, trials: int, isolate: bool) -> list[float]:
    """Resident memory after each of ``trials`` trials, MB."""
    space = folder / "space.yaml"
    space.write_text(yaml.safe_dump({"sam.dropout": {"min": 0.0, "max": 0.5}}))
    own = (f"tuning.space={space}", f"tuning.max_trials={trials}", f"tuning.isolate={str(isolate).lower()}")
    plan = make_plan(
        load_config((), [*TINY, *own], {"runs_dir": str(folder)}),
        str(folder / f"isolate-{isolate}"),
        None,
    )
    plan.begin()
    memory.clear()
    _Measured(plan).search()
    return [round(value, 1) for value in memory]


def main(_: list[str]) -> None:
    configure_console()
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for name, isolate in (("same process", False), ("own process", True)):
            values = measure(Path(folder), _TRIALS.value, isolate)
            later = values[len(values) // 4 :]  # without the first trials, which load things once
            found[name] = {"mb": values, "growth_mb_per_trial": round((later[-1] - later[0]) / len(later), 2)}
    print(json.dumps(found))


if __name__ == "__main__":
    app.run(main)
