"""Measures throughput and latency of the service by batch size and document length.

    .venv/bin/python -m benchmarks.serving --batches=1,4,16 --lengths=256,1200,5000

A student of the published size with random weights is served by HTTP on the loopback interface, in a process
of its own, with batches of up to ``--batches`` chats (1 = no batching). It keeps no documents. Clients send
the next request as soon as they have a reply, each about its own document. The last line is JSON.
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import threading
import time
from itertools import cycle
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from absl import app, flags
from rich.table import Table
from tqdm import tqdm

from benchmarks.load import PATH, load
from benchmarks.models import WORDS, untrained_student
from benchmarks.untrained_exports import CONTEXT
from holle_tf.drawing.terminal_table import print_table

_BATCHES = flags.DEFINE_list("batches", ["1", "4", "16"], "largest batches of the service")
_LENGTHS = flags.DEFINE_list("lengths", ["256", "1200", "5000"], "words of the documents")
_CLIENTS = flags.DEFINE_list("clients", ["1", "16"], "clients that send requests at the same time")
_SECONDS = flags.DEFINE_float(
    "seconds", 3.0, "seconds of load for each line, after a third as long to warm up"
)
_DOCUMENTS = 32  # different documents


def serve_student(folder: Path, batches: list[int], ports: Connection) -> None:
    """Serve a student at several ports, each with another ``max_batch``; send the ports, then wait."""
    from holle_tf.options.serve import ServeConfig
    from holle_tf.serve.app import create_app
    from holle_tf.serve.backend import warm_up
    from holle_tf.serve.document_cache import DocumentCache
    from holle_tf.serve.run_backend import RunBackend
    from holle_tf.serve.server import http_server, listen
    from holle_tf.system.memory import keep_freed_memory, peak_memory_mb

    keep_freed_memory()
    backend = RunBackend(untrained_student(folder), DocumentCache(0))
    warm_up(backend)
    servers, found = [], []
    for batch in batches:
        options = ServeConfig(port=0, max_batch=batch)
        bound = listen(options)
        found.append(bound.getsockname()[1])
        servers.append(http_server(create_app({"sam": backend}, options), options))
        threading.Thread(target=servers[-1].run, args=([bound],), daemon=True).start()
    while not all(server.started for server in servers):
        time.sleep(0.05)
    ports.send(found)
    ports.recv()
    ports.send(peak_memory_mb())


def bodies(words: int) -> list[bytes]:
    """Requests about documents of so many words."""
    rng = np.random.default_rng(words)

    def text(length: int) -> str:
        return " ".join(f"w{i}" for i in rng.integers(0, WORDS, length))

    return [
        json.dumps({"document": text(words), "chat": [text(CONTEXT) for _ in range(3)]}).encode()
        for _ in range(_DOCUMENTS)
    ]


def main(_: list[str]) -> None:
    batches, lengths, clients = ([int(n) for n in flag.value] for flag in (_BATCHES, _LENGTHS, _CLIENTS))
    cells = [(words, count, batch) for words in lengths for count in clients for batch in batches]
    rows = []
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory() as scratch:
        server = context.Process(target=serve_student, args=(Path(scratch) / "run", batches, theirs))
        server.start()
        ports = dict(zip(batches, ours.recv()))
        for words, count, batch in tqdm(cells, desc="load", dynamic_ncols=True):
            if count == 1 and batch != batches[-1]:
                continue  # chats of a single client never share a batch
            requests = bodies(words)
            numbers = range(count)
            measured = load(
                ports[batch], PATH, [cycle(requests[n:] + requests[:n]) for n in numbers], _SECONDS.value
            )
            rows.append({"words": words, "clients": count, "max_batch": batch, **measured})
        ours.send("stop")
        memory = ours.recv()
        server.join()
    table = Table("words", "clients", "max_batch", "chats/s", "p50, ms", "p95, ms", "p99, ms", "mean batch")
    for row in rows:
        sizes = (str(row[key]) for key in ("words", "clients", "max_batch"))
        table.add_row(
            *sizes, *(f"{row[key]:.1f}" for key in ("per_second", "p50", "p95", "p99", "mean_batch"))
        )
    print_table(table, "load on a served student")
    print(json.dumps({"rows": rows, "memory_mb": round(memory)}))


if __name__ == "__main__":
    app.run(main)
