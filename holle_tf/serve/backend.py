"""What the service asks of a model, whatever it is stored as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Sequence

from holle_tf.evaluate.answers import Answer
from pipelines.example import Example
from pipelines.example_from_texts import unanswered
from pipelines.options import DataConfig


@dataclass(frozen=True)
class ModelCard:
    """How a served model introduces itself.

    Attributes:
        kind: name of the model in the catalogue.
        title: for people, as "SAM, distilled from qanet".
        parameters: trained scalars; None if that is not known.
        f1: token F1 on the test split, 0-100; None if it was not measured.
        source: name of the folder it was loaded from.
    """

    kind: str
    title: str
    parameters: int | None
    f1: float | None
    source: str


class Backend(Protocol):
    """A loaded model. ``read`` is called by one thread at a time."""

    @property
    def card(self) -> ModelCard: ...

    @property
    def data(self) -> DataConfig:
        """Says how many turns of a chat the model looks back."""

    def read(self, examples: Sequence[Example]) -> list[Answer]:
        """The answers to several chats, read as one batch; their texts may be empty."""


WARM_UP_WORDS = (20, 300)  # a short document, and one that a teacher reads in chunks


def warm_up(backend: Backend) -> None:
    """Read something, so that the first client does not wait for what happens once."""
    for words in WARM_UP_WORDS:
        backend.read([unanswered("word " * words, "what?")])
