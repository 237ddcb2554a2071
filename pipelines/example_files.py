"""Prepared examples as JSON lines, for programs that read no TFRecords, such as a teacher elsewhere."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Union

from pipelines.digests import text_sha256
from pipelines.example import Example
from pipelines.files import atomic_file
from pipelines.manifest import PreparedData
from pipelines.records import iterate_examples


def write_example_file(prepared: PreparedData, split: str, folder: Union[str, Path]) -> Path:
    """Write the examples of a split to ``FOLDER/SPLIT.jsonl.gz``, in record order.

    Returns:
        The file. The same examples give the same bytes.

    Raises:
        UserError: a shard is damaged, or the file cannot be written.
    """
    path = Path(folder) / f"{split}.jsonl.gz"
    with atomic_file(path) as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        for example in iterate_examples(prepared, split):
            line = json.dumps(as_json(example, split), ensure_ascii=False)
            packed.write(line.encode("utf-8") + b"\n")
    return path


def as_json(example: Example, split: str) -> dict[str, Any]:
    """The texts of an example; offsets count characters, and ends are exclusive. None = without an answer."""
    answer = {"text": example.answer, "start": example.answer_start, "end": example.answer_end}
    return {
        "example_id": example.example_id,
        "split": split,
        "document": example.document,
        "document_sha256": text_sha256(example.document),
        "query": example.query,
        "prober_history": example.prober_history,
        "responder_history": example.responder_history,
        "answer": answer if example.has_answer else None,
    }
