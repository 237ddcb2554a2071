"""Asks twice as much of the service as it takes, for minutes, and compares every answer with the right one.

    .venv/bin/python -m benchmarks.soak --minutes=10

An ONNX export of a student of the published size with random weights is served by ``--mode=serve``, which
takes ``--capacity`` requests at a time. Twice as many clients send the next request as soon as they have a
reply, or a moment after a refusal. The right answers are those of the export without a service, one chat at a
time. Most chats are about a few documents, which the service keeps; the others bring new ones. The memory of
the service is read every few seconds, and counts after the first sixth of the time. The last line is JSON.
"""

from __future__ import annotations

import heapq
import itertools
import json
import selectors
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Iterator

import numpy as np
from absl import app, flags
from rich.table import Table

from benchmarks.http_turns import make_models, service
from benchmarks.load import PATH, Client
from benchmarks.models import WORDS
from benchmarks.serving_process import memory_mb
from benchmarks.soak_figures import Known, growth, is_right
from holle_tf.drawing.terminal_table import print_table

_MINUTES = flags.DEFINE_float("minutes", 10.0, "minutes of load")
_CAPACITY = flags.DEFINE_integer("capacity", 16, "requests that the service takes at a time", lower_bound=1)
_WORDS = flags.DEFINE_integer("words", 256, "words of the documents", lower_bound=8)
_CHATS = flags.DEFINE_integer("chats", 400, "different chats, whose answers are known", lower_bound=1)
_CACHE = flags.DEFINE_integer("cache_mb", 8, "MB of documents that the service keeps, fewer than there are")
_OUTPUT = flags.DEFINE_string("output", None, "file for the figures, as JSON")
_PAUSE = 0.2  # seconds that a client waits after a refusal
_SAMPLE = 5.0  # seconds between two readings of the memory
_CORES = 2


def known_answers(export: Path) -> list[Known]:
    """Random chats, and what the export answers to each alone."""
    from holle_tf.serve.export_reader import ExportReader

    reader, rng = ExportReader(export, threads=1), np.random.default_rng(0)

    def text(words: int) -> str:
        return " ".join(f"w{i}" for i in rng.integers(0, WORDS - 2, words))

    few = [text(_WORDS.value) for _ in range(8)]
    found = []
    for number in range(_CHATS.value):
        document = few[number % len(few)] if number % 4 else text(int(rng.integers(1, 2 * _WORDS.value)))
        chat = {"document": document, "chat": [text(int(rng.integers(1, 24))) for _ in range(3)]}
        [answer] = reader.read([reader.example(chat)])
        found.append(Known(json.dumps(chat).encode(), [list(span) for span in answer.spans]))
    return found


class Load:
    """Clients that ask for the known answers in turn.

    Attributes:
        counts: replies by what they were: right, wrong, or their status.
        memory: seconds since the beginning, and MB of the service.
    """

    def __init__(self, port: int, process: int, known: list[Known], clients: int):
        self.counts: Counter[str] = Counter()
        self.memory: list[tuple[float, float]] = []
        self._port, self._process = port, process
        self._asked: dict[Client, Known] = {}
        self._turns: list[Iterator[Known]] = [
            itertools.cycle(known[number:] + known[:number]) for number in range(clients)
        ]

    def run(self, seconds: float) -> float:
        """Load the service; the seconds until the last reply."""
        began = time.monotonic()
        waiting: list[tuple[float, int]] = []  # when a client asks again
        with selectors.DefaultSelector() as selector:
            clients = [Client(self._port) for _ in self._turns]
            for number, client in enumerate(clients):
                selector.register(client, selectors.EVENT_READ, number)
                self._ask(client, number)
            while self._asked or waiting:
                now = time.monotonic() - began
                if not self.memory or now >= self.memory[-1][0] + _SAMPLE:
                    self.memory.append((now, memory_mb(self._process, "VmRSS")))
                for key, _ in selector.select(timeout=_PAUSE / 2):
                    refused = self._received(clients[key.data])
                    if refused is None:
                        continue
                    if refused:
                        heapq.heappush(waiting, (time.monotonic() - began + _PAUSE, key.data))
                    elif now < seconds:
                        self._ask(clients[key.data], key.data)
                while waiting and waiting[0][0] <= time.monotonic() - began:
                    _, number = heapq.heappop(waiting)
                    if now < seconds:
                        self._ask(clients[number], number)
            for client in clients:
                client.close()
        return time.monotonic() - began

    def _ask(self, client: Client, number: int) -> None:
        self._asked[client] = next(self._turns[number])
        client.send(PATH, self._asked[client].body)

    def _received(self, client: Client) -> bool | None:
        """Whether a reply is a refusal; None if it is not complete."""
        reply = client.reply()
        if reply is None:
            return None
        status, body = reply
        known = self._asked.pop(client)
        if status == 200:
            self.counts["right" if is_right(body, known) else "wrong"] += 1
        else:
            self.counts[f"status {status}"] += 1
        return status != 200


def main(_: list[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_models(folder)
        known = known_answers(folder / "onnx")
        options = (f"serve.max_concurrency={_CAPACITY.value}", f"serve.max_queue={_CAPACITY.value}")
        with service(folder, "onnx", _CORES, _CACHE.value, options) as (port, process):
            load = Load(port, process, known, 2 * _CAPACITY.value)
            seconds = load.run(60 * _MINUTES.value)
    counts: dict[str, Any] = dict(sorted(load.counts.items()))
    found = {"seconds": seconds, "clients": 2 * _CAPACITY.value, "wrong": 0, **counts, **growth(load.memory)}
    table = Table("what", "value")
    for name, value in found.items():
        table.add_row(name.replace("_", " "), f"{value:,.1f}" if isinstance(value, float) else f"{value:,}")
    print_table(table, "a service that is asked for twice as much as it takes")
    if _OUTPUT.value:
        Path(_OUTPUT.value).write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))


if __name__ == "__main__":
    app.run(main)
