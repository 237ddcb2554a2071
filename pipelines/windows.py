"""Short documents cut out of long ones at random, which say nothing of where the answer is.

The excerpts that a data set gives were often chosen with a look at the answer, and a model that learns from
them learns how they were chosen. A window is where a reader in chunks might have put it.
"""

from __future__ import annotations

import hashlib

from pipelines.tokenizer import token_span, tokenize


def cut_window(document: str, start: int, end: int, words: int, key: str) -> tuple[str, int]:
    """A window of a document that has its answer.

    Args:
        document: text.
        start, end: the answer, in characters, end exclusive.
        words: of the window; a longer answer is kept whole.
        key: decides where the window is, as an example's id does: always the same for the same key.

    Returns:
        The window's text and the answer's start in it. A document of no more words is returned as it is.
    """
    tokens = tokenize(document)
    answer = token_span(tokens, start, end)
    if len(tokens) <= words or answer is None:
        return document, start
    first, last = answer
    lowest = min(last - words + 1, first)
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    drawn = lowest + number % (first - lowest + 1)
    # Cut back only after the draw, as chunks are at the ends of a document: were the draw among the windows
    # within the document, its opening would be in few windows but those of answers that are the opening.
    begin = min(max(drawn, 0), len(tokens) - words)
    stop = max(begin + words, last + 1)
    offset = tokens[begin].start if begin else 0
    until = tokens[stop - 1].end if stop < len(tokens) else len(document)
    # An answer may begin or end within a token, or in the white space about it.
    offset, until = min(offset, start), max(until, end)
    return document[offset:until], start - offset
