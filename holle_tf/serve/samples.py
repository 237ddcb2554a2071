"""Documents that the page offers, from the data of a model if they are on disk."""

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
    """Test documents of the data of ``run``, one for each movie, each with a question.

    Args:
        roots: folders that may hold prepared data.

    Returns:
        At most ``most`` documents; none if the data are missing or damaged.
    """
    fingerprint = (run.identity() or {}).get("data", "")
    name = f"{run.config().data.setup}-{fingerprint[:10]}"
    for root in roots:
        try:
            prepared = PreparedData.load(root / name)
        except UserError:
            continue
        if prepared.fingerprint == fingerprint:
            return one_per_movie(read_examples(prepared, "test"), most)
    return []


def one_per_movie(examples: Sequence[Example], most: int) -> list[SampleDocument]:
    """One example for each movie, preferably a first question of a chat, which needs no history."""
    chosen: dict[str, Example] = {}
    for example in sorted(examples, key=lambda chat: bool(chat.prober_history or chat.responder_history)):
        chosen.setdefault(example.movie or example.document[:_TITLE], example)
    return [
        SampleDocument(
            title=" ".join(title.split())[:_TITLE], document=example.document, question=example.query
        )
        for title, example in list(chosen.items())[:most]
    ]
