"""Chats to answer, and an export that answers them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Sequence

from benchmarks.untrained_exports import export
from pipelines.example import Example


def write_chats(path: Path, examples: Sequence[Example], number: int) -> int:
    """Write so many chats as JSON lines, each with a document of its own; their number of bytes."""
    with open(path, "w", encoding="utf-8") as file:
        for place, example in zip(range(number), itertools.cycle(examples)):
            chat = {
                "example_id": f"chat {place}",
                "document": f"{example.document} Copy {place}.",
                "query": example.query,
                "prober_history": example.prober_history,
                "responder_history": example.responder_history,
            }
            file.write(json.dumps(chat, ensure_ascii=False) + "\n")
    return path.stat().st_size


def untrained_sam(folder: Path) -> Path:
    """The folder, with an ONNX export of an untrained SAM; words of the chats are unknown to it."""
    export("sam", folder, "float32")
    return folder
