"""Short documents cut out of long ones at random, so that their position does not give the answer away.

The excerpts of a data set were often chosen with the answer in view, and a model learns how they were
chosen. A window is at a random position, as a chunk of a long document is.
"""

from __future__ import annotations

import hashlib

from pipelines.tokenizer import token_span, tokenize


def cut_window(document: str, start: int, end: int, words: int, key: str) -> tuple[str, int]:
    """A window of a document that has its answer.

    Args:
        document: text.
        start, end: the answer, in characters, end exclusive.
        words: length of the window; a longer answer is kept whole.
        key: seeds the position, such as the example's id: the same key gives the same window.

    Returns:
        The window's text and the answer's start in it. A document of no more words is returned whole.
    """
    tokens = tokenize(document)
    answer = token_span(tokens, start, end)
    if len(tokens) <= words or answer is None:
        return document, start
    first, last = answer
    lowest = min(last - words + 1, first)
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    drawn = lowest + number % (first - lowest + 1)
    # Clamp the position after the draw, as chunks are clamped to the document. If only positions within the
    # document were drawn, its opening would be in few windows except those whose answer is the opening.
    begin = min(max(drawn, 0), len(tokens) - words)
    stop = max(begin + words, last + 1)
    offset = tokens[begin].start if begin else 0
    until = tokens[stop - 1].end if stop < len(tokens) else len(document)
    # An answer may begin or end within a token, or in the white space around it.
    offset, until = min(offset, start), max(until, end)
    return document[offset:until], start - offset
