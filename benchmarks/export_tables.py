"""Tables of docs/export.md."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.markdown import Tables, markdown

SIZES = {"bytes": "kB", "bytes_without_vectors": "kB without vectors"}


def exports(result: dict[str, Any]) -> str:
    """Size, speed, memory and F1 of each format."""
    lengths = list(next(iter(result["rows"].values()))["ms"])
    rows = []
    for title, row in result["rows"].items():
        size = f"{row['bytes'] / 1e3:,.0f}" if "bytes" in row else "-"
        cells = [size, f"{row['bytes_without_vectors'] / 1e3:,.0f}", f"{row['start_seconds']:.1f}"]
        cells += [f"{row['ms'][length]:,.1f}" for length in lengths] + [f"{row['memory_mb']:,.0f}"]
        rows.append([title, *cells, f"{row['f1']:.2f}" if "f1" in row else "-"])
    words = [f"{int(length):,} words, ms" for length in lengths]
    titles = ["", "kB", "kB without vectors", "start, s", *words, "peak MB", "F1"]
    return markdown(titles, rows)


def parity(result: dict[str, Any], sizes: bool = False) -> str:
    """How close each format is to Keras.

    Args:
        sizes: add the sizes.
    """
    titles = ["", "largest difference of a probability", "same span", "F1 to Keras"]
    rows = [
        [
            title,
            f"{row['largest_difference']:.1e}",
            f"{row['same_spans']:.1%}",
            f"{row['f1'] - result['keras_f1']:+.2f}",
            *([f"{row[key] / 1e3:,.0f}" for key in SIZES] if sizes else []),
        ]
        for title, row in result["rows"].items()
        if "same_spans" in row
    ]
    head = f"{result['examples']:,} examples of the test split; F1 in Keras {result['keras_f1']:.2f}.\n\n"
    return head + markdown([*titles, *(SIZES.values() if sizes else [])], rows)


def pruned(result: dict[str, Any]) -> str:
    """What fewer words cost."""
    whole = [f"{result['words']:,}", "-", "-", f"{result['keras_f1']:.2f}"]
    rows = [
        [
            f"{row['max_words']:,}",
            row.get("hash_buckets", 0),
            f"{row['vector_bytes'] / 1e3:,.0f}",
            f"{row['f1']:.2f}",
        ]
        for row in result["pruned"]
    ]
    return markdown(["words kept", "buckets for the others", "kB of vectors", "F1"], [whole, *rows])


TABLES: Tables = {
    "exports": ("exports", exports),
    "parity": ("exports", parity),
    "pruned": ("exports", pruned),
    "exports-real": ("exports-real", partial(parity, sizes=True)),
}
