"""Documents that the page offers: some of those that the model was trained for, if they are on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Sequence

from holle_tf.runs.run_folder import RunFolder
from holle_tf.serve.messages import SampleDocument
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.prepare import PreparedData
from pipelines.records import read_examples

SAMPLES = 8
_TITLE = 60  # characters


def sample_documents(run: RunFolder, roots: Iterable[Path], most: int = SAMPLES) -> list[SampleDocument]:
    """Test documents of the data of ``run``, one of each movie, with a question that opens a chat.

    Args:
        roots: folders that prepared data may be in.

    Returns:
        At most ``most``; none where the data are not there, or damaged.
    """
    fingerprint = (run.identity() or {}).get("data", "")
    name = f"{run.config().data.setup}-{fingerprint[:10]}"
    for root in roots:
        try:
            prepared = PreparedData.load(root / name)
        except UserError:
            continue
        if prepared.fingerprint == fingerprint:
            return choose(read_examples(prepared, "test"), most)
    return []


def choose(examples: Sequence[Example], most: int) -> list[SampleDocument]:
    """One example of each movie, first of all those that open a chat, as their query stands by itself."""
    chosen: dict[str, Example] = {}
    for example in sorted(examples, key=lambda one: bool(one.prober_history or one.responder_history)):
        chosen.setdefault(example.movie or example.document[:_TITLE], example)
    return [
        SampleDocument(title=" ".join(title.split())[:_TITLE], document=one.document, question=one.query)
        for title, one in list(chosen.items())[:most]
    ]
