"""One response to predict, whatever files it was read from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """One response to predict.

    ``answer == document[answer_start:answer_end]``, as the document writes it. A history is the
    utterances of one side joined by a space, oldest first, "" where there are none. ``has_answer``
    is False for a chat to predict, whose answer is "" at 0.
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
    source: str  # plot | review | comments | fact_table | unknown
    has_answer: bool = True

    @property
    def characters(self) -> int:
        """Of all texts that a model reads, which is what it costs to encode them."""
        return sum(map(len, (self.document, self.query, self.prober_history, self.responder_history)))
