"""Times training, inference, recurrent layers and exports under two TensorFlows, in strict alternation.

    .venv/bin/python -m benchmarks.pairs --other=.venv-other/bin/python

``make test-other`` makes the other environment. Each TensorFlow has a process of its own, which waits while
the other works. Weights and texts are random, and both read the same exports. The last line is JSON: medians
in milliseconds of this Python and of the other, and their ratio.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from absl import app, flags
from rich.table import Table

import holle_tf  # noqa: F401  before TensorFlow, whose options it sets
from benchmarks.taking_turns import median_seconds
from holle_tf.drawing.terminal_table import print_table

_OTHER = flags.DEFINE_string("other", ".venv-other/bin/python", "a Python with the other TensorFlow")
_ROUNDS = flags.DEFINE_integer("rounds", 10, "timed rounds, after two warm-up rounds", lower_bound=1)
_MORE = flags.DEFINE_list("more", [], "further arguments of benchmarks.pair_worker")
OWN, OTHER = "this", "other"


class Worker:
    """A process of ``benchmarks.pair_worker``.

    Attributes:
        tensorflow: its version of TensorFlow.
        names: of the work that it can do.
    """

    def __init__(self, python: str, exports: Path):
        command = [python, "-m", "benchmarks.pair_worker", f"--exports={exports}", *_MORE.value]
        self._python = python
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first = json.loads(self._read())
        self.tensorflow: str = first["tensorflow"]
        self.names: list[str] = first["names"]

    def do(self, name: str) -> None:
        """Have the work of this name done, and wait for its end."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        self._read()

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._python} -m benchmarks.pair_worker ended early; its message is above.")
        return line


def write_exports(folder: Path) -> None:
    """Write a SAM of the published size in every format, as folder / format."""
    from benchmarks.untrained_exports import untrained
    from holle_tf.export.formats import FORMATS
    from holle_tf.options.export import ExportConfig
    from holle_tf.runs.exporting import write_export

    student = untrained("sam")
    for name in FORMATS:
        write_export(student, name, folder / name, ExportConfig())


def main(_: list[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        write_exports(Path(scratch))
        workers = {OWN: Worker(sys.executable, Path(scratch)), OTHER: Worker(_OTHER.value, Path(scratch))}
        names = workers[OWN].names
        work = {(name, who): partial(workers[who].do, name) for name in names for who in workers}
        medians = {key: 1000 * seconds for key, seconds in median_seconds(work, _ROUNDS.value).items()}
        for worker in workers.values():
            worker.close()
    tensorflow = {who: worker.tensorflow for who, worker in workers.items()}
    table = Table("", *(f"TensorFlow {each}, ms" for each in tensorflow.values()), "ratio")
    report: dict[str, Any] = {}
    for name in names:
        own, other = medians[name, OWN], medians[name, OTHER]
        report[name] = {OWN: own, OTHER: other, "ratio": other / own}
        table.add_row(name, f"{own:.1f}", f"{other:.1f}", f"{other / own:.2f}")
    print_table(table, "two TensorFlows")
    print(json.dumps({"tensorflow": tensorflow, "work": report}))


if __name__ == "__main__":
    app.run(main)
