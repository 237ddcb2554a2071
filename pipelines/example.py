"""One response to predict, independent of the files that it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

UNANSWERED = "question without an answer"
UNLABELLED = "no label"
# Reasons to drop a record that are no fault of the file: they do not count towards data.max_dropped.
EXPECTED = (UNANSWERED, UNLABELLED)


class Unusable(Exception):
    """A record gives no example; the message is the reason, for the report."""


@dataclass(frozen=True)
class Example:
    """One response to predict.

    ``answer == document[answer_start:answer_end]``, spelled as in the document. A history is the
    utterances of one side joined by spaces, oldest first, or "" if there are none. ``has_answer``
    is False for a chat to predict, whose answer is "" at 0. ``references`` are further accepted answers,
    which need not be in the document; predictions are scored against the best of ``accepted``.
    The answer of an ``unanswerable`` question is "" at 0, too, but ``has_answer`` is True: this is its label.
    """

    example_id: str
    chat_id: str
    movie: str
    document: str
    query: str
    prober_history: str
    responder_history: str
    answer: str
    answer_start: int
    answer_end: int
    response: str
    source: str  # kind of text that the answer is from: one of the reader's sources, or "unknown"
    has_answer: bool = True
    references: Tuple[str, ...] = ()

    @property
    def accepted(self) -> Tuple[str, ...]:
        """The texts that a prediction is compared with: answer and references; empty without a label."""
        return (self.answer, *self.references) if self.has_answer else ()

    @property
    def unanswerable(self) -> bool:
        """Whether the label says that the document has no answer."""
        return self.has_answer and not self.answer

    @property
    def characters(self) -> int:
        """Number of characters that a model reads; the cost of encoding is proportional to it."""
        return sum(map(len, (self.document, self.query, self.prober_history, self.responder_history)))
