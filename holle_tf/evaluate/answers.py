"""What a model answers to one chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional

import numpy as np

from holle_tf.evaluate.no_answer_share import no_answer_share


class AnswerSpan(NamedTuple):
    """``document[start_char:end_char]``, counted in characters (code points), and its probability."""

    start_char: int
    end_char: int
    score: float


class NoAnswer(NamedTuple):
    """The answer that there is none.

    Attributes:
        score: its probability, p(start) * p(end) of the null position, as that of a span.
        share: how likely it is against the best span, 0-1.
        chosen: whether ``share`` is above the threshold, so that this is the answer.
    """

    score: float
    share: float
    chosen: bool


@dataclass(frozen=True)
class Answer:
    """The best spans of a document, and the probability of each word to start or end a span.

    Attributes:
        spans: best first; none where the document has no words.
        token_starts, token_ends: int32 (words,), character offsets of the document's words.
        start_probabilities, end_probabilities: float32 (words,), each adds up to 1.
        null: what a model that can say that there is no answer says; None of any other. The probabilities of
            the words then add up to 1 only with those of the null position, which is not among them.
    """

    spans: list[AnswerSpan]
    token_starts: np.ndarray
    token_ends: np.ndarray
    start_probabilities: np.ndarray
    end_probabilities: np.ndarray
    null: Optional[NoAnswer] = None

    @property
    def best(self) -> Optional[AnswerSpan]:
        """The best span; None if there is none, or the model says that there is no answer."""
        return self.spans[0] if self.spans and not (self.null and self.null.chosen) else None

    @classmethod
    def of_tokens(
        cls,
        token_starts: np.ndarray,
        token_ends: np.ndarray,
        decoded: tuple[np.ndarray, np.ndarray, np.ndarray],
        probabilities: tuple[np.ndarray, np.ndarray],
        null_threshold: Optional[float] = None,
    ) -> Answer:
        """The answer of one row of a batch.

        Args:
            token_starts, token_ends: int32 (words,), those of the null position included, if there is one.
            decoded: start and end token and score, each (n_best,), as ``decode_spans`` returns them.
            probabilities: of start and end, (width,) with width >= words.
            null_threshold: see ``evaluation.null_threshold``; None if no position is null.
        """
        words = len(token_starts)
        spans = [
            AnswerSpan(int(token_starts[start]), int(token_ends[end]), float(score))
            for start, end, score in zip(*decoded)
            if words and score > 0
        ]
        start, end = (edge[:words] for edge in probabilities)
        if null_threshold is None:
            return cls(spans, token_starts, token_ends, start, end)
        score = float(start[0]) * float(end[0])
        share = no_answer_share(score, spans[0].score if spans else 0.0)
        null = NoAnswer(score, share, share > null_threshold)
        return cls(spans, token_starts[1:], token_ends[1:], start[1:], end[1:], null)
