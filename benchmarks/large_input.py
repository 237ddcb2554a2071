"""Measures the memory of preparing raw data that are larger than memory should be.

    .venv/bin/python -m benchmarks.large_input --gigabytes=5

Writes a train file of that size as JSON lines into a temporary folder, made of the demo corpus with every
document different; prepares it in a process of its own; and removes everything. It needs about 1.5 times the
size on disk. The last line is JSON.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any, Iterator

from absl import app, flags
from tqdm import tqdm

from holle_tf.config_sources import load_config
from holle_tf.runs.data import raw_data
from holle_tf.system.child_process import in_child_process
from holle_tf.system.console_logging import configure_console
from pipelines.demo.corpus import GLOVE_PATH
from pipelines.json_records import iterate_records
from pipelines.options import DataConfig

_GIGABYTES = flags.DEFINE_float("gigabytes", 5.0, "size of the train file", lower_bound=0.001)
_SCRATCH = flags.DEFINE_string("scratch", None, "folder for the temporary files (default: the system's)")


def write_raw(folder: Path, size: float) -> None:
    """Write a data set into ``folder`` whose train file has ``size`` bytes or a little more."""
    demo, _ = raw_data(load_config([], [], {"runs_dir": str(folder / "demo")}))
    for split in ("dev", "test"):
        (folder / f"{split}_data.json").write_bytes((demo / f"{split}_data.json").read_bytes())
    records = list(iterate_records(demo / "train_data.json"))
    written = 0
    with (
        open(folder / "train_data.jsonl", "w", encoding="utf-8") as file,
        tqdm(desc="writing raw chats", total=int(size), unit="B", unit_scale=True, disable=None) as bar,
    ):
        for record in _copies(records):
            line = json.dumps(record) + "\n"
            file.write(line)
            written += len(line)
            bar.update(len(line))
            if written >= size:
                return


def _copies(records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The records, repeated for ever; every copy has other ids and other documents."""
    copy = 0
    while True:
        for record in records:
            yield {
                **record,
                "example_id": f"{record['example_id']}_{copy}",
                "chat_id": f"{record['chat_id']}_{copy}",
                "mixed": f"{record['mixed']} Copy {copy} of {record['example_id']}.",
            }
        copy += 1


def prepare_all(folder: str) -> dict[str, float]:
    """Prepare ``folder``; returns examples, seconds, peak memory of this process and the largest worker."""
    import resource

    from holle_tf.system.memory import peak_memory_mb, reset_peak_memory
    from pipelines.prepare import prepare

    reset_peak_memory()
    began = time.perf_counter()
    prepared = prepare(folder, Path(folder) / "out", DataConfig(), str(GLOVE_PATH))
    return {
        "examples": sum(prepared.count(split) for split in ("train", "dev", "test")),
        "seconds": time.perf_counter() - began,
        "peak_mb": peak_memory_mb(),
        "largest_worker_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6,
    }


def main(_: list[str]) -> None:
    configure_console()
    with tempfile.TemporaryDirectory(dir=_SCRATCH.value) as scratch:
        write_raw(Path(scratch), _GIGABYTES.value * 1e9)
        size = (Path(scratch) / "train_data.jsonl").stat().st_size
        found = in_child_process(prepare_all, scratch)
    found["raw_gigabytes"] = size / 1e9
    print(
        f"{found['raw_gigabytes']:.1f} GB, {found['examples']:,} examples: {found['seconds']:.0f} s, "
        f"{found['examples'] / found['seconds']:,.0f} examples/s, peak {found['peak_mb']:.0f} MB, "
        f"largest worker {found['largest_worker_mb']:.0f} MB"
    )
    print(json.dumps(found))


if __name__ == "__main__":
    app.run(main)
