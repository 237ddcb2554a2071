"""From scores of characters to scores of the project's words."""

from __future__ import annotations

from typing import NamedTuple, Optional, Sequence

import numpy as np

from holle_tf.distill.score_format import EdgeScores
from holle_tf.distill.teacher_cache import UNKNOWN
from pipelines.tokenizer import Token


class WordScores(NamedTuple):
    """The scores of one end of the span by word.

    Attributes:
        logits: float32 (words,). Words without a score are ``UNKNOWN``.
        between: share of the probability that fell on no word, 0 to 1.
    """

    logits: np.ndarray
    between: float


def scores_of_words(
    edge: str, found: EdgeScores, words: Sequence[Token], null: Optional[float] = None
) -> WordScores:
    """Add the probabilities of all positions that fall into a word.

    The start of a sub-word belongs to the word that has this character. Its end, which is exclusive, belongs
    to the word that has the character before it. White space is in no word.

    Args:
        edge: start | end.
        found: logits or log-probabilities by character.
        words: of the document, in order.
        null: the score of "no answer" of this edge, which becomes that of a position in front of the words;
            None = there is no such position.
    """
    logits = np.full(len(words), UNKNOWN, np.float64)
    starts = np.array([word.start for word in words], np.int64)
    ends = np.array([word.end for word in words], np.int64)
    characters: np.ndarray = found.offsets - (edge == "end")
    place: np.ndarray = np.searchsorted(starts, characters, side="right") - 1
    inside = np.zeros(len(characters), bool)
    if len(words):
        inside = (place >= 0) & (characters < ends[np.maximum(place, 0)])
    most = max(found.scores.max(), found.scores.max() if null is None else null)
    p = np.exp(found.scores - most)
    of_null = 0.0 if null is None else float(np.exp(null - most))
    between = float(p[~inside].sum() / (p.sum() + of_null))
    place, scores = place[inside], found.scores[inside]
    np.maximum.at(logits, place, scores)
    sums = np.zeros(len(words))
    np.add.at(sums, place, np.exp(scores - logits[place]))  # a word with one score keeps it exactly
    scored = sums > 0
    logits[scored] += np.log(sums[scored])
    if null is not None:
        logits = np.concatenate([[null], logits])
    return WordScores(logits.astype(np.float32), between)
