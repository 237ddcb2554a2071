"""The same text however it is written: Unicode forms, invisible characters, HTML entities, look-alikes."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import List, NamedTuple, Tuple

from pipelines.scripts import ATTACHED

_ENTITY = r"&(?:amp;){0,2}(?:\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
_ENCODED_TIMES = 3  # at most, as "&amp;amp;quot;" is
# A character is taken with its marks, so that their order does not matter. No more than 30, as in Unicode's
# Stream-Safe Text Format, because sorting them takes quadratic time.
_CHARACTER = rf"``|''|,,|-{{2,3}}|\s+|[^\s{ATTACHED}][{ATTACHED}]{{0,30}}|[{ATTACHED}]{{1,30}}"
_PIECE = re.compile(rf"{_ENTITY}|{_CHARACTER}")
_CHARACTER_PIECE = re.compile(_CHARACTER)
_QUOTE, _DOUBLE, _DASH = "'‘’‚‛ʹʻʼʽˈ′‵´`＇‹›", '"“”„‟ʺ″‶〃〝〞〟＂«»', "-‐‑‒–—―−﹘﹣－"
_ALIKE = {
    "``": '"',
    "''": '"',
    ",,": '"',
    "--": "-",
    "---": "-",
    **{char: same[0] for same in (_QUOTE, _DOUBLE, _DASH) for char in same},
}
_INVISIBLE = "Cf"  # zero-width characters, joiners, marks of direction, soft hyphens
_VARIANTS = re.compile("[\ufe00-\ufe0f]")  # they choose a glyph


class Spelling(NamedTuple):
    """A text in one spelling, and the characters of the original that each character stands for.

    Attributes:
        text: in the spelling that all have in common.
        starts, ends: of each of its characters, where its piece of the original begins and ends.
    """

    text: str
    starts: List[int]
    ends: List[int]

    def place(self, start: int, length: int) -> Tuple[int, int]:
        """``[start, end)`` in the original of a part of the text, which may take more than the part."""
        return self.starts[start], self.ends[start + length - 1]

    def is_whole(self, start: int, length: int) -> bool:
        """Whether a part of the text consists of whole pieces of the original."""
        end = start + length
        begins = start == 0 or self.starts[start - 1] != self.starts[start]
        return begins and (end == len(self.text) or self.starts[end] != self.starts[end - 1])


def common_spelling(text: str, ignore_case: bool) -> Spelling:
    """A text such that texts that read alike are equal.

    Unicode's compatibility decomposition (NFKD) makes composed and decomposed, fullwidth and halfwidth
    letters equal. HTML entities are decoded. Quotes and dashes are plain, white space is one space, and
    invisible characters are left out.

    Args:
        text: any text.
        ignore_case: whether capital letters become small.
    """
    written: List[str] = []
    starts: List[int] = []
    ends: List[int] = []
    for match in _PIECE.finditer(text):
        plain = _plain(match.group(), ignore_case)
        if plain == " " and written and written[-1] == " ":  # " &nbsp;"
            ends[-1] = match.end()
            continue
        written += plain
        starts += [match.start()] * len(plain)
        ends += [match.end()] * len(plain)
    return Spelling("".join(written), starts, ends)


@lru_cache(maxsize=1 << 14)
def _plain(piece: str, ignore_case: bool) -> str:
    if len(piece) < len("&x;") or not piece.startswith("&"):
        return _plain_character(piece, ignore_case)
    for _ in range(_ENCODED_TIMES):
        piece = html.unescape(piece)
    return "".join(_plain_character(char, ignore_case) for char in _CHARACTER_PIECE.findall(piece))


def _plain_character(piece: str, ignore_case: bool) -> str:
    if piece.isspace():
        return " "
    piece = unicodedata.normalize("NFC", piece)
    if piece in _ALIKE:
        return _ALIKE[piece]
    decomposed = unicodedata.normalize("NFKD", _VARIANTS.sub("", piece))
    visible = "".join(char for char in decomposed if unicodedata.category(char) != _INVISIBLE)
    plain = "".join(_ALIKE.get(char, char) for char in visible)
    return unicodedata.normalize("NFKD", plain.casefold()) if ignore_case else plain
