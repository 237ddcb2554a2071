"""Tables of docs/documents.md, from the results of ``benchmarks.documents`` and ``benchmarks.retrieval``."""

from __future__ import annotations

from typing import Any

from benchmarks.markdown import Tables, markdown
from holle_tf.catalogue import title_of


def documents(result: dict[str, Any]) -> str:
    """What a store costs: bytes, encoding, and questions a second."""
    rows = []
    for row in result["rows"]:
        asked = row["questions_a_second"]
        rows.append(
            [
                f"{title_of(row['student'])}, {row['states']}, {row['documents']:,} documents",
                f"{row['shard_bytes'] / row['words']:,.0f}",
                f"{row['documents'] / row['encode_seconds']:,.0f}",
                *(f"{asked[way]:,.0f}" for way in ("by id", "from the text", "found")),
            ]
        )
    ways = ("questions a second, by id", "from the text", "found, five documents")
    return markdown(["", "bytes a word", "encoded a second", *ways], rows)


def service(result: dict[str, Any]) -> str:
    """The service with each store: start, memory, and questions a second by random ids."""
    rows = []
    for row in result["rows"]:
        found = row["served"]
        rows.append(
            [
                f"{title_of(row['student'])}, {row['states']}, {row['documents']:,} documents",
                f"{row['shard_bytes'] / 1e9:.2f}",
                f"{1000 * row['open_seconds']:,.0f}",
                f"{found['start_cpu']:.1f}",
                f"{found['start_own_mb']:,.0f} + {found['start_mapped_mb']:,.0f}",
                f"{found['own_mb']:,.0f} + {found['mapped_mb']:,.0f}",
                f"{found['per_cpu_second']:,.0f}",
            ]
        )
    memory = ("MB at the start, own + mapped", "MB after the questions")
    titles = ("store, GB", "store opened, ms", "service started, s", *memory, "questions a second")
    return markdown(["", *titles], rows)


def retrieval(result: dict[str, Any]) -> str:
    """How often the right document is found, and F1 end to end."""
    rows = [["its own", "-", f"{result['f1_known']:.2f}", "-", "-"]]
    rows.append(["1", f"{result['recall']['1']:.1%}", f"{result['f1_first']:.2f}", "-", "-"])
    for most, weight in result["weights"].items():
        scores = (result["f1_product"][most], result["f1_mixed"][most])
        rows.append([most, f"{result['recall'][most]:.1%}", *map("{:.2f}".format, scores), f"{weight:g}"])
    titles = (
        "documents that are read",
        "right one among them",
        "F1, likeliest span",
        "F1, with BM25",
        "weight of BM25",
    )
    sizes = f"{result['questions']:,} questions on {result['paragraphs']:,} paragraphs"
    int8 = f"given the right paragraph, F1 is {result['f1_known_int8']:.2f} with int8 states"
    return markdown(titles, rows) + f"\n\n{sizes}; {int8}."


TABLES: Tables = {
    "retrieval": ("retrieval", retrieval),
    "documents": ("documents", documents),
    "documents-large": ("documents-large", documents),
    "documents-served": ("documents-large", service),
}
