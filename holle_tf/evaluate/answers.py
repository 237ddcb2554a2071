"""What a model answers to one chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class AnswerSpan(NamedTuple):
    """``document[start_char:end_char]``, counted in characters (code points), and its probability."""

    start_char: int
    end_char: int
    score: float


@dataclass(frozen=True)
class Answer:
    """The best spans of a document, and the probability of each word to start or end a span.

    Attributes:
        spans: best first; none where the document has no words.
        token_starts, token_ends: int32 (words,), character offsets of the document's words.
        start_probabilities, end_probabilities: float32 (words,), each adds up to 1.
    """

    spans: list[AnswerSpan]
    token_starts: np.ndarray
    token_ends: np.ndarray
    start_probabilities: np.ndarray
    end_probabilities: np.ndarray

    @classmethod
    def of_tokens(
        cls,
        token_starts: np.ndarray,
        token_ends: np.ndarray,
        decoded: tuple[np.ndarray, np.ndarray, np.ndarray],
        probabilities: tuple[np.ndarray, np.ndarray],
    ) -> Answer:
        """The answer of one row of a batch.

        Args:
            token_starts, token_ends: int32 (words,).
            decoded: start and end token and score, each (n_best,), as ``decode_spans`` returns them.
            probabilities: of start and end, (width,) with width >= words.
        """
        words = len(token_starts)
        spans = [
            AnswerSpan(int(token_starts[start]), int(token_ends[end]), float(score))
            for start, end, score in zip(*decoded)
            if words and score > 0
        ]
        start, end = (edge[:words] for edge in probabilities)
        return cls(spans, token_starts, token_ends, start, end)
