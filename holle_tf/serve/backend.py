"""What the service needs of a model, in whatever form it is stored."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Optional, Protocol, Sequence

from holle_tf.evaluate.answers import Answer
from holle_tf.serve.document_states import DocumentStates
from pipelines.example import Example
from pipelines.example_from_texts import unanswered
from pipelines.options import DataConfig


@dataclass(frozen=True)
class ModelCard:
    """What the service says about a model.

    Attributes:
        kind: name of the model in the catalogue.
        title: for people, for example "SAM, distilled from QANeT".
        parameters: number of trained scalars; None if unknown.
        f1: token F1 on the test split, 0-100; None if it was not measured.
        source: name of the folder that it was loaded from.
    """

    kind: str
    title: str
    parameters: int | None
    f1: float | None
    source: str


def recorded_number(found: Any, *keys: str) -> Any:
    """A number that a file of a run or an export has under ``keys``; None if something else is there.

    What the service only shows is no reason to refuse a model.
    """
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    number = isinstance(found, (int, float)) and not isinstance(found, bool)
    return found if number and abs(found) < 1e18 and math.isfinite(found) else None


class Backend(Protocol):
    """A loaded model.

    Attributes:
        parallel: whether several threads may call ``read`` at once, and gain from it.
    """

    parallel: bool

    @property
    def card(self) -> ModelCard: ...

    @property
    def data(self) -> DataConfig:
        """Options of its data, such as how many turns of a chat it looks back."""

    @property
    def documents(self) -> Optional[DocumentStates]:
        """The documents that it has read; None if it reads a document anew for each question."""

    def read(self, examples: Sequence[Example]) -> list[Answer]:
        """The answers to several chats, read as one batch; texts may be empty."""


WARM_UP_WORDS = (20, 300)  # a short document, and a document that a teacher reads in chunks


def warm_up(backend: Backend) -> None:
    """Read something, so that the first client does not wait for initialisation."""
    for words in WARM_UP_WORDS:
        backend.read([unanswered("word " * words, "what?")])
