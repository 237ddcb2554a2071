"""Measures what Beam's runners cost on one machine, and checks that their results equal those without Beam.

    .venv/bin/python -m benchmarks.beam_runners --chats=2000 --set demo.train_examples=4000

Prepares the demo corpus, and answers chats by an ONNX export of a SAM of the published size with random
weights: without Beam, with the direct runner in one process and in two, and with the Dask runner on a cluster
of two workers on loopback (``requirements-dask.txt``), which is started for it. Seconds are those of all
processes together, from start to end. CPU seconds are the sum over them. The last line is JSON.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Sequence

from absl import app, flags
from rich.table import Table

from benchmarks.chat_files import untrained_sam, write_chats
from benchmarks.own_data import demo_or_own
from holle_tf.drawing.terminal_table import print_table
from holle_tf.runs.data import open_data
from holle_tf.runs.stream_prediction import predict_stream
from holle_tf.serve.export_reader import ExportReader, export_identity
from holle_tf.system.child_process import in_child_process
from holle_tf.system.console_logging import configure_console
from pipelines.demo.corpus import GLOVE_PATH
from pipelines.errors import UserError
from pipelines.records import read_examples

_CHATS = flags.DEFINE_integer("chats", 2000, "number of chats, in four files")
_SET = flags.DEFINE_multi_string("set", [], "options of the data, as of holle_tf.main")
_WORKERS = flags.DEFINE_integer("workers", 2, "processes of the runners that have several")
_SCRATCH = flags.DEFINE_string("scratch", None, "folder for the temporary files (default: the system's)")

_FILES = 4
_WAIT = 120  # seconds for a cluster to listen


@contextmanager
def dask_cluster(workers: int, folder: Path) -> Iterator[str]:
    """The address of a scheduler on loopback with so many workers of a thread each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    root = str(Path(__file__).parent.parent)
    # The scheduler reads the pipeline, too, and needs the package.
    environment = {**os.environ, "PYTHONPATH": root}
    common = ["--host=127.0.0.1", "--no-dashboard"]
    commands = [
        ["distributed.cli.dask_scheduler", f"--port={port}", *common],
        ["distributed.cli.dask_worker", address, f"--nworkers={workers}", "--nthreads=1", *common],
    ]
    started = []
    try:
        for command in commands:
            with open(folder / f"{command[0]}.log", "w") as log:
                started.append(
                    subprocess.Popen([sys.executable, "-m", *command], cwd=folder, env=environment,
                                     stdout=log, stderr=log)
                )  # fmt: skip
            _wait_for(port)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + _WAIT
    while time.monotonic() < until:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise UserError(f"Dask's scheduler does not listen on port {port}; pip install -r requirements-dask.txt.")


def answer_each(export: str, chats: str, output: str) -> None:
    """Answer the files of a folder, one after the other, as ``--mode=predict`` does without Beam."""
    reader, identity = ExportReader(Path(export), threads=1), export_identity(Path(export))
    for file in sorted(Path(chats).iterdir()):
        predict_stream(reader, str(file), Path(output, file.name), identity)


def run(arguments: Sequence[str], beam_options: str) -> None:
    """Run a mode.

    Raises:
        UserError: it failed.
    """
    command = [sys.executable, "-m", "holle_tf.main", *arguments]
    if beam_options:
        command.append(f"--beam_options={beam_options}")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"{' '.join(command)} failed: {done.stderr[-2000:]}")


def same_files(first: Path, second: Path) -> bool:
    """Whether two folders have the same files below them, however these are compressed."""
    names, others = ({path.relative_to(root) for path in root.rglob("*") if path.is_file()}
                     for root in (first, second))  # fmt: skip
    return names == others and all(_content(first / name) == _content(second / name) for name in names)


def _content(path: Path) -> Any:
    """What a file has; of a manifest, all but the digests of compressed files."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.name != "manifest.json":
        return path.read_bytes()
    manifest = json.loads(path.read_text(encoding="utf-8"))
    shards = {split: [[shard["file"], shard["records"]] for shard in listed]
              for split, listed in manifest["shards"].items()}  # fmt: skip
    return {**manifest, "shards": shards, "digest": ""}


def _cpu_seconds() -> float:
    """Of all children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(argv: list[str]) -> None:
    configure_console()
    del argv
    workers = _WORKERS.value
    several = f"--runner=DirectRunner --direct_running_mode=multi_processing --direct_num_workers={workers}"
    runners = {
        "without Beam": "",
        "direct, 1 process": "--runner=DirectRunner",
        f"direct, {workers} processes": several,
        f"Dask, {workers} workers": "--runner=DaskRunner --dask_client_address={address}",
    }
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(dir=_SCRATCH.value) as scratch:
        folder = Path(scratch)
        config = demo_or_own(None, None, {"runs_dir": str(folder / "raw")}, _SET.value)
        prepared = open_data(config)  # the raw corpus is the same for all from here on
        (raw,) = folder.glob("raw/data/demo-*")
        chats = folder / "chats"
        chats.mkdir()
        examples = itertools.cycle(read_examples(prepared, "test"))
        each = _CHATS.value // _FILES
        for number in range(_FILES):
            write_chats(chats / f"part{number}.jsonl", list(itertools.islice(examples, each)), each)
        export = untrained_sam(folder / "export")
        options = [f"--set={option}" for option in _SET.value]
        for mode in ("prepare", "predict"):
            for place, (name, beam_options) in enumerate(runners.items()):
                output = folder / f"{mode}{place}"
                arguments = [f"--mode={mode}"]
                if mode == "prepare":
                    arguments += [
                        f"--runs_dir={output}",
                        f"--data_dir={raw}",
                        f"--glove={GLOVE_PATH}",
                        *options,
                    ]
                else:
                    arguments += [f"--export_dir={export}", f"--input={chats}", f"--output={output}"]
                before, began = _cpu_seconds(), time.monotonic()
                if mode == "predict" and not beam_options:
                    in_child_process(answer_each, str(export), str(chats), str(output))
                else:
                    _run_one(arguments, beam_options, workers, folder)
                seconds = time.monotonic() - began
                row = {"mode": mode, "runner": name, "seconds": seconds,
                       "cpu_seconds": _cpu_seconds() - before,
                       "equal": same_files(*(root / "data" if mode == "prepare" else root
                                             for root in (folder / f"{mode}0", output)))}  # fmt: skip
                found.append(row)
                print(json.dumps(row), flush=True)
    table = Table("", "", "seconds", "CPU seconds", "equal to that without Beam")
    for row in found:
        figures = (f"{row[name]:.0f}" for name in ("seconds", "cpu_seconds"))
        table.add_row(str(row["mode"]), str(row["runner"]), *figures, "yes" if row["equal"] else "no")
    print_table(table, f"{prepared.count('train'):,} train examples, {_CHATS.value:,} chats")
    print(json.dumps({"measured": found}))


def _run_one(arguments: Sequence[str], beam_options: str, workers: int, folder: Path) -> None:
    if "{address}" not in beam_options:
        run(arguments, beam_options)
        return
    with dask_cluster(workers, folder) as address:
        run(arguments, beam_options.format(address=address))


if __name__ == "__main__":
    app.run(main)
