"""Measures the seconds from a command to the end of its first training step.

    .venv/bin/python -m benchmarks.startup --models=sam,bidaf,qanet

Starts ``--mode=train`` like a user, on the demo corpus, and kills it when its progress bar counts the first
step: from nothing (which generates and prepares the corpus), with prepared data, and with prepared data and
models of the published sizes. Machine code of the recurrences is in numba's cache unless this is the first
run ever; ``--compile`` empties the cache before each measurement. The last line is JSON.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from absl import app, flags
from rich.table import Table
from tqdm import tqdm

from benchmarks.first_step import seconds_to_first_step
from holle_tf.drawing.terminal_table import print_table
from pipelines.demo.corpus import GLOVE_PATH

_MODELS = flags.DEFINE_list("models", ["sam", "bidaf", "qanet"], "models to measure")
_SIZES = flags.DEFINE_list("sizes", ["demo", "published"], "sizes of the models")
_LIMIT = flags.DEFINE_integer("limit", 0, "examples of each split; 0 = all", lower_bound=0)
_COMPILE = flags.DEFINE_bool("compile", False, "compile the recurrences anew each time")


def measure(model: str, size: str, folder: Path) -> dict[str, float]:
    """Seconds from nothing and from prepared data; for the published sizes, the demo corpus is user data.

    Args:
        folder: folder of runs. With the published sizes all models share it, because they share the data.
    """
    arguments = ["--mode=train", f"--model={model}", f"--runs_dir={folder}"]
    arguments += [f"--limit={_LIMIT.value}"] if _LIMIT.value else []
    found = {}
    if size == "demo":
        found["from nothing"] = seconds_to_first_step([*arguments, "--seed=1"], _COMPILE.value)
    else:
        new = not list(folder.glob("data/demo-*"))
        if new:
            seconds_to_first_step([*arguments, "--model=sam"], _COMPILE.value)
        raw = next(folder.glob("data/demo-*"))
        arguments += [f"--data_dir={raw}", f"--glove={GLOVE_PATH}"]
        if new:
            seconds_to_first_step([*arguments, "--model=sam", "--seed=1"], _COMPILE.value)  # prepares
    found["prepared"] = seconds_to_first_step([*arguments, "--seed=2"], _COMPILE.value)
    return found


def main(_: list[str]) -> None:
    report: dict[str, dict[str, dict[str, float]]] = {}
    for size in tqdm(_SIZES.value, desc="sizes", dynamic_ncols=True):
        with tempfile.TemporaryDirectory() as scratch:
            for model in _MODELS.value:
                folder = Path(scratch) / (model if size == "demo" else size)
                report.setdefault(size, {})[model] = measure(model, size, folder)
    table = Table("size", "model", "from nothing, s", "data prepared, s")
    for size, models in report.items():
        for model, row in models.items():
            cells = [f"{row[key]:.1f}" if key in row else "-" for key in ("from nothing", "prepared")]
            table.add_row(size, model, *cells)
    print_table(table, "to the end of the first training step")
    print(json.dumps({"compile": _COMPILE.value, "seconds": report}))


if __name__ == "__main__":
    app.run(main)
