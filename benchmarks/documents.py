"""Measures stores of documents: bytes a word, documents a second to encode, and questions a second to answer.

    .venv/bin/python -m benchmarks.documents --sizes=1000,10000

Students of the published size with random weights; documents of random words, of which a few are frequent, as
in real texts. Everything runs on one core. Times are processor times, so that other programs do not count.
Each question is about another document, which no cache has. "From the text" is the same without a store.
"Found" is a question without a document, which is answered from the five documents that BM25 finds.

``--mode=serve`` is then started with the store. Measured are the processor time until it answers, its memory
(its own, and pages of mapped files), and the questions a second about documents that are chosen at random.
Figures for ``--project`` documents follow from those of the largest size: bytes and encoding are linear in
the number of documents, and finding an id takes a binary search. The last line is JSON.
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np
from absl import app, flags
from rich.table import Table
from tqdm import tqdm

from benchmarks.load import PATH, Client
from benchmarks.models import WORDS
from benchmarks.serving_process import memory_mb, processor_seconds, serving
from benchmarks.untrained_exports import export
from holle_tf.drawing.terminal_table import print_table

_SIZES = flags.DEFINE_list("sizes", ["1000", "10000"], "documents, ascending")
_PROJECT = flags.DEFINE_integer("project", 10**7, "documents of the projection")
_WORDS = flags.DEFINE_integer("document", 120, "words of a document")
_STUDENTS = flags.DEFINE_list("students", ["sam", "sam_match"], "students of the catalogue")
_STATES = flags.DEFINE_list("states", ["float16", "int8"], "formats of what is kept of a word")
_QUESTIONS = flags.DEFINE_integer("questions", 300, "questions that are timed")
FOUND = 5  # documents that are read for a question without one
_QUERY = 10  # words


def words_of(rng: np.random.Generator, count: int) -> str:
    """Random words, the n-th of them with a frequency of about 1 / n."""
    ranks = np.exp(rng.uniform(0, np.log(WORDS - 2), count)).astype(int) - 1
    return " ".join(f"w{rank}" for rank in ranks)


def measure(
    model: Path, folder: Path, documents: int, words: int, states: str, questions: int
) -> dict[str, Any]:
    """A row of the table, in a process of its own."""
    from holle_tf.options.store import StoreConfig
    from holle_tf.serve.onnx_backend import OnnxBackend
    from holle_tf.store.reader import Store
    from holle_tf.store.writer import write_store

    rng = np.random.default_rng(documents)
    source = folder / "docs.jsonl"
    with open(source, "w", encoding="utf-8") as file:
        for number in range(documents):
            file.write(json.dumps({"id": str(number), "document": words_of(rng, words)}) + "\n")
    backend, began = OnnxBackend(model, threads=1), time.process_time()
    manifest = write_store(source, folder / "store", backend, StoreConfig(states=states))
    encoding, began = time.process_time() - began, time.process_time()
    write_store(source, folder / "store", backend, StoreConfig(states=states, search=True))
    indexing = time.process_time() - began  # and checking the files
    began = time.process_time()
    store = Store(folder / "store")
    opening = time.process_time() - began
    chosen = rng.choice(documents, questions, replace=False)
    asked = [words_of(rng, _QUERY) for _ in chosen]
    texts = [store.text(str(number)).text for number in chosen]  # type: ignore[union-attr]
    seconds = answering(model, store, asked, chosen.tolist(), texts)
    return {
        "documents": documents,
        "words": manifest.words,
        "states": states,
        "bytes": Store(folder / "store").manifest.bytes,
        "shard_bytes": manifest.bytes,
        "encode_seconds": encoding,
        "search_seconds": indexing,
        "open_seconds": opening,
        "questions_a_second": {name: questions / value for name, value in seconds.items()},
    }


def answering(
    model: Path, store: Any, asked: Sequence[str], numbers: Sequence[int], texts: Sequence[str]
) -> dict[str, float]:
    """Seconds for all questions, by how their document is given."""
    from holle_tf.serve.onnx_backend import OnnxBackend
    from pipelines.example_from_texts import unanswered

    with_store, without = (OnnxBackend(model, threads=1, store=given) for given in (store, None))
    warm = unanswered("a word that no document has", "what?")

    def by_id(row: int) -> None:
        with_store.read([unanswered(store.text(str(numbers[row])).text, asked[row])])

    def from_text(row: int) -> None:
        without.read([unanswered(texts[row], asked[row])])

    def found(row: int) -> None:
        candidates = store.best(asked[row], FOUND)
        finding.read([unanswered(text.text, asked[row]) for text, _ in candidates])

    finding = OnnxBackend(model, threads=1, store=store)
    for backend in (with_store, without, finding):
        backend.read([warm])
    ways: dict[str, Callable[[int], None]] = {"by id": by_id, "from the text": from_text, "found": found}
    seconds = {}
    for name, ask in ways.items():
        began = time.process_time()
        for row in range(len(asked)):
            ask(row)
        seconds[name] = time.process_time() - began
    return seconds


def served(model: Path, folder: Path, row: dict[str, Any], questions: int) -> dict[str, float]:
    """A service of a store: seconds to start, memory in MB, and chats a second by random ids over HTTP.

    Args:
        row: what ``measure`` found.
    """
    rng, began = np.random.default_rng(0), time.monotonic()
    arguments = [f"--export_dir={model}", f"--documents={folder / 'store'}"]
    with serving(arguments, 1) as (port, process):
        found = {"start_seconds": time.monotonic() - began, "start_cpu": processor_seconds(process)}
        found.update(
            start_own_mb=memory_mb(process, "RssAnon"), start_mapped_mb=memory_mb(process, "RssFile")
        )
        client, before = Client(port), processor_seconds(process)
        for number in rng.choice(row["documents"], questions, replace=False):
            client.ask(
                PATH,
                {"document_id": str(number), "chat": [words_of(rng, _QUERY)]},
            )
        found["per_cpu_second"] = questions / max(processor_seconds(process) - before, 0.01)
        found.update(own_mb=memory_mb(process, "RssAnon"), mapped_mb=memory_mb(process, "RssFile"))
        client.close()
    return found


def projected(row: dict[str, Any], documents: int) -> dict[str, float]:
    """Bytes and hours of encoding of so many documents."""
    factor = documents / row["documents"]
    return {
        "documents": documents,
        "gigabytes": factor * row["shard_bytes"] / 1e9,
        "hours": factor * row["encode_seconds"] / 3600,
    }


def main(_: list[str]) -> None:
    rows: list[dict[str, Any]] = []
    context = multiprocessing.get_context("spawn")
    sizes = [int(size) for size in _SIZES.value]
    kinds = [(s, f, n) for s in _STUDENTS.value for f in _STATES.value for n in sizes]
    with tempfile.TemporaryDirectory() as scratch:
        for student, states, documents in tqdm(kinds, desc="stores", dynamic_ncols=True):
            model = Path(scratch) / student
            if not model.exists():
                with context.Pool(1) as pool:  # TensorFlow takes memory and cores
                    pool.apply(export, (student, model, "float32"))
            with tempfile.TemporaryDirectory(dir=scratch) as folder, context.Pool(1) as pool:
                given = (model, Path(folder), documents, _WORDS.value, states, _QUESTIONS.value)
                row = {"student": student, **pool.apply(measure, given)}
                row["served"] = served(model, Path(folder), row, _QUESTIONS.value)
                rows.append(row)
            rows[-1]["projected"] = projected(rows[-1], _PROJECT.value)
    ways = list(rows[0]["questions_a_second"])
    table = Table("student", "states", "documents", "bytes a word", "encoded a second", *ways, "open, ms")
    for row in rows:
        table.add_row(
            row["student"],
            row["states"],
            f"{row['documents']:,}",
            f"{row['shard_bytes'] / row['words']:.0f}",
            f"{row['documents'] / row['encode_seconds']:.0f}",
            *(f"{row['questions_a_second'][way]:.0f}" for way in ways),
            f"{1000 * row['open_seconds']:.1f}",
        )
    print_table(table, "stores of documents on one core; questions a second by how the document is given")
    for row in rows:
        if row["documents"] == sizes[-1]:
            far = row["projected"]
            print(
                f"{row['student']}, {row['states']}, {far['documents']:,} documents, projected:"
                f" {far['gigabytes']:,.0f} GB, {far['hours']:.1f} hours to encode"
            )
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    app.run(main)
