"""Options of stores of documents."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.option import option

STORED_STATES = ("float16", "int8")


@dataclass(frozen=True)
class StoreConfig:
    """How ``--mode=encode`` writes what a student has read of documents."""

    states: str = option(
        "float16",
        "number format of what is kept of a word; int8 has a scale for each word",
        choices=STORED_STATES,
    )
    shard_kb: int = option(
        1024, "kB of the input whose documents share a file, which is written as a whole", positive=True
    )
    search: bool = option(False, "add an index for BM25, with which serve.retrieve finds documents")
