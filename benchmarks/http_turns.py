"""Measures first and later turns about a document over HTTP, by the service as the command line starts it.

    .venv/bin/python -m benchmarks.http_turns --cores=2     # about five minutes

A student of the published size with random weights is served from an ONNX export and from its run (Keras), by
``--mode=serve`` in a process of its own. "Whole" is a service that keeps no documents. A first turn brings a
new text; a later turn gives the id of one of 32 documents. With ``--cores=1`` the service has a core to
itself and the clients have another one; with 2 they share both. Every client sends the next request as soon
as it has a reply. "cpu" is the processor time of the service, which other programs disturb least. Memory is
the peak of a service that keeps 1,000 documents. The last line is JSON.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Sequence

import numpy as np
from absl import app, flags
from tqdm import tqdm

from benchmarks.load import PATH, Client, load
from benchmarks.models import WORDS, untrained_student
from benchmarks.serving_process import memory_mb, processor_seconds, serving
from benchmarks.serving_tables import http_turns
from benchmarks.untrained_exports import CONTEXT

_LENGTHS = flags.DEFINE_list("lengths", ["256", "1200", "5000", "16384"], "words of the documents")
_CLIENTS = flags.DEFINE_list("clients", ["1", "16"], "clients that send requests at the same time")
_BACKENDS = flags.DEFINE_list("backends", ["onnx", "keras"], "onnx: an export is served; keras: a run")
_CORES = flags.DEFINE_list("cores", ["1", "2"], "cores of the service")
_THREADS = flags.DEFINE_integer("threads", 0, "batches that an export reads at once; 0 = one for each core")
_SECONDS = flags.DEFINE_float("seconds", 2.0, "seconds of load for each number, after a third to warm up")
_KEPT = flags.DEFINE_list("kept", ["1000", "1200"], "documents that are kept for the memory, and their words")
_DOCUMENTS = 32  # that later turns are about


def make_models(folder: Path) -> None:
    """A run of an untrained student, and its ONNX export with float16 states."""
    from holle_tf.options.export import ExportConfig
    from holle_tf.runs.exporting import student_of, write_export

    run = untrained_student(folder / "keras")
    write_export(student_of(run), "onnx", folder / "onnx", ExportConfig(document_states="float16"))


@contextmanager
def service(
    folder: Path, backend: str, cores: int, cache_mb: int, options: Sequence[str] = ()
) -> Iterator[tuple[int, int]]:
    """Port and process id of a service with ``options`` that has the first ``cores`` cores."""
    model = {"onnx": f"--export_dir={folder / 'onnx'}", "keras": f"--run_dir={folder / 'keras'}"}[backend]
    options = [f"serve.document_cache_mb={cache_mb}", f"serve.threads={_THREADS.value}", *options]
    arguments = [model, f"--runs_dir={folder}", *(f"--set={option}" for option in options)]
    with serving(arguments, cores) as running:
        yield running


class Texts:
    """Random requests."""

    def __init__(self, seed: int):
        self._random = np.random.default_rng(seed)
        self.chats = [[self.text(CONTEXT) for _ in range(3)] for _ in range(64)]

    def text(self, words: int) -> str:
        """So many random words."""
        return " ".join(f"w{i}" for i in self._random.integers(0, WORDS - 2, words))

    def new(self, words: int, number: int) -> Iterator[bytes]:
        """Chats of a client, each about another document."""
        document = self.text(words - 2)
        for turn, chat in enumerate(itertools.cycle(self.chats)):
            yield json.dumps({"document": f"n{number} t{turn} {document}", "chat": chat}).encode()

    def later(self, ids: list[str], number: int) -> Iterator[bytes]:
        """Chats of a client, each about another of the documents with these ids."""
        bodies = [
            json.dumps({"document_id": ids[(number + turn) % len(ids)], "chat": chat}).encode()
            for turn, chat in enumerate(self.chats)
        ]
        return itertools.cycle(bodies)


def measure(folder: Path, backend: str, cores: int, progress: Any) -> list[dict[str, Any]]:
    """Rows of one backend on so many cores."""
    rows: list[dict[str, Any]] = [
        {"backend": backend, "cores": cores, "words": int(words), "clients": int(clients)}
        for words in _LENGTHS.value
        for clients in _CLIENTS.value
    ]
    for cache_mb in (0, 1024):
        with service(folder, backend, cores, cache_mb) as running:
            for row in rows:
                texts, numbers = Texts(row["words"]), range(row["clients"])
                if cache_mb:  # later turns come first, before new documents displace theirs
                    ids = kept_documents(running[0], texts, _DOCUMENTS, row["words"])
                    later = [texts.later(ids, number) for number in numbers]
                    row["later"] = loaded(running, later)
                    progress.update()
                new = [texts.new(row["words"], number) for number in numbers]
                row["first" if cache_mb else "whole"] = loaded(running, new)
                progress.update()
    return rows


def loaded(running: tuple[int, int], clients: list[Iterator[bytes]]) -> dict[str, float]:
    """As ``load``, and ``cpu``, the milliseconds of processor time that the service took for a chat."""
    port, process = running
    before = processor_seconds(process)
    found = load(port, PATH, clients, _SECONDS.value)
    return {**found, "cpu": 1000 * (processor_seconds(process) - before) / found["all"]}


def kept_documents(port: int, texts: Texts, count: int, words: int) -> list[str]:
    """Ids of documents that the service has read."""
    client, ids = Client(port), []
    for _ in range(count):
        ids.append(client.ask(PATH, {"document": texts.text(words), "chat": ["what?"]})["document_id"])
    client.close()
    return ids


def memory(folder: Path, backend: str, states: str) -> dict[str, float]:
    """Peak of a service that keeps documents, in MB, and how many it kept to the end."""
    count, words = map(int, _KEPT.value)
    options = [f"serve.document_states={states}"]
    with service(folder, backend, len(os.sched_getaffinity(0)), 1024, options) as (port, process):
        before = memory_mb(process, "VmHWM")
        ids = kept_documents(port, Texts(1), count, words)
        client = Client(port)
        for key in ids:
            if not client.ask(PATH, {"document_id": key, "chat": ["what?"]})["known"]:
                raise RuntimeError("a document was dropped")
        return {"start": before, "peak": memory_mb(process, "VmHWM"), "documents": count, "words": words}


def main(_: list[str]) -> None:
    backends, cores = _BACKENDS.value, [int(count) for count in _CORES.value]
    cells = len(backends) * len(cores) * len(_LENGTHS.value) * len(_CLIENTS.value)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch, tqdm(total=3 * cells, dynamic_ncols=True) as progress:
        folder = Path(scratch)
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # its memory and threads end with it
            pool.apply(make_models, (folder,))
        for backend in backends:
            for count in cores:
                measured = measure(folder, backend, count, progress)
                rows += measured
                tqdm.write("\n".join(map(json.dumps, measured)), file=sys.stderr)
        kept = {
            f"{backend}, {states}": memory(folder, backend, states)
            for backend in backends
            for states in ("float16", "int8")
        }
        result = {"rows": rows, "memory": kept}
    print(http_turns(result))
    print(json.dumps(result))


if __name__ == "__main__":
    app.run(main)
