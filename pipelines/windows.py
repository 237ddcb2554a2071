"""Short documents cut out of long ones at random, so that their position does not give the answer away.

The excerpts of a data set were often chosen with the answer in view, and a model learns how they were
chosen. A window is at a random position, as a chunk of a long document is.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import Optional, Sequence

from pipelines.options import UNICODE
from pipelines.tokenizer import token_span, tokenize


def cut_window(
    document: str, start: int, end: int, words: int, key: str, rules: str = UNICODE
) -> tuple[str, int]:
    """A window of a document that has its answer.

    Args:
        document: text.
        start, end: the answer, in characters, end exclusive.
        words: length of the window; a longer answer is kept whole.
        key: seeds the position, such as the example's id: the same key gives the same window.
        rules: for words, see ``tokenizer.word_pattern``.

    Returns:
        The window's text and the answer's start in it. A document of no more words is returned whole.
    """
    tokens = tokenize(document, rules)
    answer = token_span(tokens, start, end)
    if len(tokens) <= words or answer is None:
        return document, start
    first, last = answer
    lowest = min(last - words + 1, first)
    drawn = lowest + _drawn(key, first - lowest + 1)
    # Clamp the position after the draw, as chunks are clamped to the document. If only positions within the
    # document were drawn, its opening would be in few windows except those whose answer is the opening.
    begin = min(max(drawn, 0), len(tokens) - words)
    stop = max(begin + words, last + 1)
    offset = tokens[begin].start if begin else 0
    until = tokens[stop - 1].end if stop < len(tokens) else len(document)
    # An answer may begin or end within a token, or in the white space around it.
    offset, until = min(offset, start), max(until, end)
    return document[offset:until], start - offset


def cut_unanswered(
    document: str, words: int, key: str, start: int = 0, end: Optional[int] = None, rules: str = UNICODE
) -> str:
    """A window at a random place of a document whose answer is not known.

    It is cut by ``cut_window`` around a random word, so that windows with and without known answers are
    alike if answers lie anywhere.

    Args:
        document, words, key, rules: as for ``cut_window``.
        start, end: characters between which that word begins, end exclusive; None = the document's end.
    """
    tokens = tokenize(document, rules)
    end = len(document) if end is None else end
    among = [token for token in tokens if start <= token.start < end] or tokens
    if not among:
        return document
    word = among[_drawn(f"{key}:word", len(among))]
    return cut_window(document, word.start, word.end, words, key, rules)[0]


def cut_paragraphs(lengths: Sequence[int], gold: int, words: int, key: str) -> tuple[int, int]:
    """The paragraphs of an article that a window at a random place contains whole.

    The window contains the gold paragraph wherever it lies. Thus each of the paragraphs that are found is
    about as likely to be the gold one.

    Args:
        lengths: words of each paragraph.
        gold: index of the paragraph that has the answer.
        words: length of the window; a longer gold paragraph is kept whole.
        key: seeds the position, as for ``cut_window``.

    Returns:
        Indices of the first paragraph and of the one after the last. An article of no more words is kept
        whole.
    """
    edges = list(accumulate(lengths, initial=0))  # where the paragraphs begin, and where the last one ends
    if edges[-1] <= words:
        return 0, len(lengths)
    room = words - lengths[gold]
    if room <= 0:
        return gold, gold + 1
    begin = min(max(edges[gold] - _drawn(key, room + 1), 0), edges[-1] - words)  # see cut_window
    return bisect_left(edges, begin), bisect_right(edges, begin + words) - 1


def _drawn(key: str, count: int) -> int:
    """A number from 0 to ``count - 1``, the same for the same key."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % count
