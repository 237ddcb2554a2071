"""Measures the first and the later turns of chats about a document, by an ONNX export on one core.

    .venv/bin/python -m benchmarks.turns --lengths=256,1200,5000

Students of the published size with random weights, and random words. The first turn reads the document, later
ones have it in the cache. "Graph" is onnxruntime alone; "from texts" begins with the texts of the chat and
ends with its spans, as a turn does inside the service. "Whole" is a turn without a cache. Times are processor
times of the only thread, so that other programs do not count. The last line is JSON.
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np
from absl import app, flags
from rich.table import Table
from tqdm import tqdm

from benchmarks.models import WORDS
from benchmarks.untrained_exports import CONTEXT, export
from holle_tf.drawing.terminal_table import print_table
from holle_tf.serve.document_cache import document_id

_LENGTHS = flags.DEFINE_list("lengths", ["256", "1200", "5000"], "words of the documents")
_STUDENTS = flags.DEFINE_list("students", ["sam", "sam_match"], "students of the catalogue")
_STATES = flags.DEFINE_list("states", ["float32", "float16"], "formats of what is kept of a document")
_SECONDS = flags.DEFINE_float("seconds", 2.0, "seconds of measuring for each number")
MEASURED = ("whole", "first", "later", "later_graph")
TITLES = ("whole, from texts", "first turn, from texts", "later turns, from texts", "later turns, graph")


def measure(folder: Path, lengths: list[int], seconds: float) -> list[dict[str, float]]:
    """A row for each length, on one core: onnxruntime uses no thread but the one that calls it."""
    from holle_tf.serve.document_cache import DocumentCache
    from holle_tf.serve.onnx_backend import OnnxBackend
    from holle_tf.system.memory import keep_freed_memory

    keep_freed_memory()  # as the command line does
    whole, keeping = OnnxBackend(folder, DocumentCache(0), threads=1), OnnxBackend(folder, threads=1)
    return [measure_length(whole, keeping, words, seconds) for words in lengths]


def measure_length(whole: Any, keeping: Any, words: int, seconds: float) -> dict[str, float]:
    """Milliseconds (p50) with documents of so many words, and bytes that are kept of each word.

    Args:
        whole, keeping: backends without and with a cache.
    """
    from pipelines.example_from_texts import unanswered

    rng = np.random.default_rng(words)

    def text(length: int) -> str:
        return " ".join(f"w{i}" for i in rng.integers(0, WORDS - 2, length))

    def chat(about: str) -> Any:
        return unanswered(about, text(CONTEXT), text(CONTEXT), text(CONTEXT))

    document = text(words)
    keeping.read([chat(document)])
    (read,) = keeping.documents.of({document_id(document): document}).values()
    feeds, kept = read.feeds, read.size
    context = keeping._numbers({name: text(CONTEXT) for name in keeping._last})
    feeds = {**feeds, **{name: np.array([numbers], np.int32) for name, numbers in context.items()}}
    answer = keeping._sessions["answer.onnx"]
    return {
        "words": words,
        "bytes_of_a_word": kept / words,
        "whole": p50(whole.read, lambda: [chat(document)], seconds),
        "first": p50(keeping.read, lambda: [chat(text(words))], seconds),
        "later": p50(keeping.read, lambda: [chat(document)], seconds),
        "later_graph": p50(lambda given: answer.run(None, given), lambda: feeds, seconds),
    }


def p50(call: Callable[[Any], Any], make: Callable[[], Any], seconds: float) -> float:
    """Median milliseconds of ``call(make())``, without those of ``make``; the first call is not counted."""
    call(make())
    found: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(found) < 5:
        given = make()
        began = time.thread_time()
        call(given)
        found.append(1000 * (time.thread_time() - began))
    return float(np.median(found))


def main(_: list[str]) -> None:
    lengths, rows = [int(length) for length in _LENGTHS.value], []
    context = multiprocessing.get_context("spawn")
    kinds = [(name, states) for name in _STUDENTS.value for states in _STATES.value]
    with tempfile.TemporaryDirectory() as scratch:
        for name, states in tqdm(kinds, desc="students", dynamic_ncols=True):
            folder = Path(scratch) / f"{name}-{states}"
            # In processes of their own: TensorFlow takes cores, and serving does not need it.
            with context.Pool(1) as pool:
                pool.apply(export, (name, folder, states))
            with context.Pool(1) as pool:
                measured = pool.apply(measure, (folder, lengths, _SECONDS.value))
            rows += [{"student": name, "states": states, **row} for row in measured]
    table = Table("student", "kept as", "words", "bytes of a word", *TITLES)
    for row in rows:
        numbers = [f"{row[key]:.2f}" for key in MEASURED]
        table.add_row(
            row["student"], row["states"], f"{row['words']:,}", f"{row['bytes_of_a_word']:.0f}", *numbers
        )
    print_table(table, "turns of a chat on one core, ms")
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    app.run(main)
