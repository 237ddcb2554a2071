"""Find an answer in its document even if its offset is wrong, or it is spelt in another way there."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Tuple

from pipelines.scripts import ATTACHED, KATAKANA, UNSPACED
from pipelines.spelling import common_spelling

# Pieces that annotators and their editors write in several ways.
_PIECE = re.compile(r"\s+|``|''|.", re.DOTALL)
_SAME = {
    "``": '"',
    "''": '"',
    "`": "'",
    "…": "...",
    "–": "-",
    "—": "-",
    **dict.fromkeys("‘’‚‛ʼ′", "'"),
    **dict.fromkeys("“”„‟″", '"'),
}


class Place(NamedTuple):
    """Where a span is, ``[start, end)`` in characters, and which differences were ignored to find it."""

    start: int
    end: int
    repairs: Tuple[str, ...]


_SHORT = 32  # characters; finding a span of no more is quick even where it overlaps itself
NO_OFFSET = "no usable offset"
MOVED = "span not at its offset"
SPELLED = "span differs in case, quotes or spaces"
ENCODED = "span differs in Unicode's form, invisible characters, HTML entities or look-alikes"
_MARK = re.compile(f"[{ATTACHED}]")
_UNSPACED = re.compile(f"[{UNSPACED}]")
_KATAKANA = re.compile(f"[{KATAKANA}]")


def find_span(text: str, span: str, offset: Optional[int], ignore_case: bool = True) -> Optional[Place]:
    """Find ``span`` in ``text``: at the offset, else at its occurrence nearest to the offset.

    An exact occurrence is preferred to one that differs in case (where ``ignore_case``), typographic
    quotes, dashes or white space, and this one to what only reads alike (``spelling.common_spelling``).
    Away from the offset, a span of a single word must be a whole word of the text ("8" is not found in
    "1988").

    Args:
        offset: of the span's first character; None, or a negative one, takes the first occurrence.

    Returns:
        The place without surrounding white space, or None where the text does not hold the span.
    """
    if not span.strip():
        return None
    usable = offset is not None and offset >= 0
    where = offset if usable and offset is not None else 0
    if usable and text.startswith(span, where):
        return _trimmed(text, where, where + len(span), ())
    moved = MOVED if usable and where < len(text) else NO_OFFSET
    spelled = _Spelled(text, ignore_case)
    alike = spelled.occurrences(span)
    here = [place for place in alike if usable and place[0] == where + len(span) - len(span.lstrip())]
    if here:
        return _trimmed(text, *here[0], (SPELLED,))
    wanted = span.strip()
    exact = [(start, start + len(wanted)) for start in _starts(text, wanted)]
    for places, repairs in ((exact, (moved,)), (alike, (moved, SPELLED))):
        nearest = _nearest(text, places, where, several_words=len(wanted.split()) > 1)
        if nearest:
            return _trimmed(text, *nearest, repairs)
    return _reads_alike(text, span, where, usable, moved, ignore_case)


def _reads_alike(
    text: str, span: str, where: int, usable: bool, moved: str, ignore_case: bool
) -> Optional[Place]:
    spelling = common_spelling(text, ignore_case)
    wanted = common_spelling(span, ignore_case).text.strip()
    if not wanted:  # invisible characters alone
        return None
    places = [
        spelling.place(start, len(wanted))
        for start in _starts(spelling.text, wanted)
        if spelling.is_whole(start, len(wanted))
    ]
    before = len(span) - len(span.lstrip())
    for place in places:
        if usable and place[0] == where + before:
            return _trimmed(text, *place, (ENCODED,))
    nearest = _nearest(text, places, where, several_words=len(wanted.split()) > 1)
    return _trimmed(text, *nearest, (moved, ENCODED)) if nearest else None


def _starts(text: str, wanted: str) -> List[int]:
    """Where ``wanted``, which is not empty, begins in ``text``; occurrences may overlap."""
    starts: List[int] = []
    at = text.find(wanted)
    while at >= 0:
        if starts and at - starts[-1] < len(wanted) and len(wanted) > _SHORT:
            return _overlapping_starts(text, wanted)
        starts.append(at)
        at = text.find(wanted, at + 1)
    return starts


def _overlapping_starts(text: str, wanted: str) -> List[int]:
    """``_starts`` in linear time for a text that repeats itself (Knuth, Morris and Pratt, 1977)."""
    # By matched characters, the length of the longest beginning of ``wanted`` that they end in.
    shorter = [0] * (len(wanted) + 1)
    matched = 0
    for number in range(1, len(wanted)):
        while matched and wanted[number] != wanted[matched]:
            matched = shorter[matched]
        matched += wanted[number] == wanted[matched]
        shorter[number + 1] = matched
    starts = []
    matched = 0
    for number, letter in enumerate(text):
        while matched and (matched == len(wanted) or letter != wanted[matched]):
            matched = shorter[matched]
        matched += letter == wanted[matched]
        if matched == len(wanted):
            starts.append(number + 1 - len(wanted))
    return starts


def _trimmed(text: str, start: int, end: int, repairs: Tuple[str, ...]) -> Place:
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip())
    return Place(start, start + len(inner.strip()), repairs)


def _nearest(
    text: str, places: List[Tuple[int, int]], where: int, several_words: bool
) -> Optional[Tuple[int, int]]:
    whole = [place for place in places if _is_whole(text, *place)]
    candidates = whole or (places if several_words else [])
    return min(candidates, key=lambda place: abs(place[0] - where), default=None)


def _is_whole(text: str, start: int, end: int) -> bool:
    begins = start == 0 or not _joined(text[start - 1], text[start])
    return begins and (end == len(text) or not _joined(text[end - 1], text[end]))


def _joined(left: str, right: str) -> bool:
    """Whether two characters that follow each other are of one word (see ``tokenizer``)."""
    if left.isascii() and right.isascii():
        return left.isalnum() and right.isalnum()
    if _MARK.match(right):
        return not left.isspace()
    if not right.isalnum() or not (left.isalnum() or _MARK.match(left)):
        return False
    if _UNSPACED.match(left) or _UNSPACED.match(right):
        return False
    return bool(_KATAKANA.match(left)) == bool(_KATAKANA.match(right)) or bool(_MARK.match(left))


class _Spelled:
    """A text in plain spelling, and where each of its characters came from."""

    def __init__(self, text: str, ignore_case: bool):
        self._ignore_case = ignore_case
        plain, starts, ends = [], [], []
        for match in _PIECE.finditer(text):
            piece = self._plain(match.group())
            plain.append(piece)
            starts += [match.start()] * len(piece)
            ends += [match.end()] * len(piece)
        self._text, self._starts, self._ends = "".join(plain), starts, ends

    def _plain(self, piece: str) -> str:
        if piece.isspace():
            return " "
        piece = _SAME.get(piece, piece)
        return piece.lower() if self._ignore_case else piece

    def occurrences(self, span: str) -> List[Tuple[int, int]]:
        wanted = "".join(self._plain(match.group()) for match in _PIECE.finditer(span.strip()))
        found = _starts(self._text, wanted)
        return [(self._starts[start], self._ends[start + len(wanted) - 1]) for start in found]
