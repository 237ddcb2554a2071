"""Measures how fast an export or a run answers many chats, and in how much memory.

    .venv/bin/python -m benchmarks.many_chats --chats=10000,100000
    .venv/bin/python -m benchmarks.many_chats --export_dir=EXPORT
    .venv/bin/python -m benchmarks.many_chats --run_dir=RUN --runs_dir=RUNS --data_dir=FOLDER --glove=FILE

The chats are those of the data's test split (by default, the demo corpus), over and over; every copy has
another document. ``--mode=predict`` answers them in a process of its own on one core: by an export, by a run
or, without either, by an ONNX export of a SAM of the published size with random weights. CPU seconds tell the
cost where other programs share the core. Memory is the peak of the whole process. The last line is JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Sequence

from absl import app, flags
from rich.table import Table

from benchmarks.chat_files import untrained_sam, write_chats
from benchmarks.own_data import demo_or_own
from holle_tf.drawing.terminal_table import print_table
from holle_tf.runs.data import open_data
from holle_tf.system.console_logging import configure_console
from pipelines.errors import UserError
from pipelines.records import read_examples
from pipelines.tokenizer import token_texts

_EXPORT_DIR = flags.DEFINE_string("export_dir", None, "ONNX export that answers")
_RUN_DIR = flags.DEFINE_string("run_dir", None, "run that answers, in place of an export")
_CHATS = flags.DEFINE_list("chats", ["10000", "100000"], "numbers of chats")
_CORE = flags.DEFINE_integer("core", 0, "the core on which they are answered")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "folder of the raw chats (default: the demo corpus)")
_GLOVE = flags.DEFINE_string("glove", None, "word vectors")
_RUNS_DIR = flags.DEFINE_string("runs_dir", "runs", "where prepared data go")
_SCRATCH = flags.DEFINE_string("scratch", None, "folder for the temporary files (default: the system's)")


def answer(source: Path, output: Path, model: Sequence[str], core: int) -> dict[str, float]:
    """Answer the chats of a file in another process; ``seconds``, ``cpu_seconds`` and ``peak_mb`` of it.

    Args:
        model: flags that name the run or the export.
        core: the only core that the process has.

    Raises:
        UserError: it failed, or not all chats were answered.
    """
    command = [sys.executable, "-m", "holle_tf.main", "--mode=predict", *model,
               f"--input={source}", f"--output={output}"]  # fmt: skip
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise UserError(f"{' '.join(command)} failed with status {process.returncode}.")
    found = json.loads(said.splitlines()[-1])
    if found["faults"]:
        raise UserError(f"{found['faults']} of {found['chats']} chats were not answered; see {output}.")
    return {
        "chats": found["chats"],
        "seconds": found["seconds"],
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss * 1024 / 1e6,
    }


def main(argv: list[str]) -> None:
    configure_console()
    del argv
    if _EXPORT_DIR.value and _RUN_DIR.value:
        raise UserError("--export_dir and --run_dir: give one of them.")
    config = demo_or_own(_DATA_DIR.value, _GLOVE.value, {"runs_dir": _RUNS_DIR.value})
    examples = read_examples(open_data(config), "test")
    words = [len(token_texts(example.document, config.data.words)) for example in examples]
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(dir=_SCRATCH.value) as scratch:
        if _RUN_DIR.value:
            model = [f"--run_dir={_RUN_DIR.value}", f"--runs_dir={_RUNS_DIR.value}"]
        else:
            model = [f"--export_dir={_EXPORT_DIR.value or untrained_sam(Path(scratch, 'export'))}"]
        source, output = Path(scratch, "chats.jsonl"), Path(scratch, "answers.jsonl")
        for number in map(int, _CHATS.value):
            size = write_chats(source, examples, number)
            found.append({**answer(source, output, model, _CORE.value), "input_mb": size / 1e6,
                          "output_mb": output.stat().st_size / 1e6})  # fmt: skip
            print(json.dumps(found[-1]))
    table = Table("chats", "input, MB", "seconds", "CPU seconds", "chats a CPU second", "peak memory, MB")
    for row in found:
        table.add_row(
            f"{row['chats']:,}",
            f"{row['input_mb']:.0f}",
            *(f"{row[name]:,.0f}" for name in ("seconds", "cpu_seconds")),
            f"{row['chats'] / row['cpu_seconds']:,.0f}",
            f"{row['peak_mb']:.0f}",
        )
    mean = sum(words) / len(words)
    print_table(table, f"{'run' if _RUN_DIR.value else 'export'}, documents of {mean:.0f} words")
    print(json.dumps({"words": mean, "measured": found}))


if __name__ == "__main__":
    app.run(main)
