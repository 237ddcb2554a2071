import numpy as np

from benchmarks.export_tables import TABLES
from benchmarks.exports import best_span
from benchmarks.report import fill

ROW = {
    "bytes": 900_000,
    "bytes_without_vectors": 300_000,
    "start_seconds": 0.31,
    "ms": {"256": 1.24, "1200": 5.5},
    "memory_mb": 101.0,
    "f1": 39.2,
    "same_spans": 1.0,
    "largest_difference": 2e-7,
}
TEACHER = {key: ROW[key] for key in ("bytes_without_vectors", "start_seconds", "ms", "memory_mb")}
RESULT = {
    "command": "python -m benchmarks.exports",
    "machine": {"cpu": "a CPU", "cores": 2},
    "result": {
        "examples": 600, "words": 1386, "keras_f1": 39.24, "rows": {"ONNX, int8": ROW, "bidaf": TEACHER},
        "pruned": [{"max_words": 300, "hash_buckets": 50, "vector_bytes": 140_800, "f1": 30.0}],
    },
}  # fmt: skip


def test_the_best_span_is_that_of_all_pairs():
    rng = np.random.default_rng(0)
    for length in (1, 3, 12):
        start, end = rng.random(length), rng.random(length)
        pairs = [(start[i] * end[j], i, j) for i in range(length) for j in range(i, min(i + 4, length))]
        assert best_span(start, end, 4) == max(pairs)[1:]


def test_every_table_of_exports_has_its_rows():
    page = "".join(f"<!-- {mark} -->\n<!-- end -->\n" for mark in TABLES)
    filled = fill(page, {"exports": RESULT}, TABLES)
    assert "| ONNX, int8 | 900 | 300 | 0.3 | 1.2 | 5.5 | 101 | 39.20 |" in filled
    assert "| bidaf | - | 300 |" in filled
    assert "| ONNX, int8 | 2.0e-07 | 100.0% | -0.04 |" in filled
    assert "| 300 | 50 | 141 | 30.00 |" in filled
