"""Where the sentences of an English text are, by rules.

The rules are our own, so that the same text gives the same sentences with every version of every library:
the fingerprint of prepared data could not tell the difference. They suit encyclopedias and reviews.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Tuple

_CLOSING = r"""["'”’»)\]}]*"""
_NOTES = r"(?:\[[^\[\]\n]{1,30}\])*"  # [3], [citation needed]
_BREAK = re.compile(
    r"(?P<line>\n)"
    rf"|(?<![.!?…])(?P<stop>[.!?…]+)(?P<closing>{_CLOSING}){_NOTES}(?=\s)"
    r"|(?<=[a-z][a-z)])(?P<unspaced>[.!?]+)(?=[A-Z][A-Za-z' ]|-[A-Z]|\d\))"  # "... of the way.Now ..."
)
_NEW_LINE = re.compile(r"[^\S\n]*(?:\n|[*•-]|\d+[.)]\s|[\"'“‘«(\[]*[^\W\d_])")
_LAST_WORD = re.compile(r"(?<![\w'’.])(?:[^\W\d_]{1,2}\.)*[^\W\d_]+$")  # "Dr", "J", "U.S", "Ph.D"
_NEXT_WORD = re.compile(r"""[\s"'“‘«(\[{`$€£]*(?P<word>\w*)(?P<period>\.?)""")
_LETTER = re.compile(r"[^\W\d_]")

# Abbreviations, in lower case and without their last period.
_TITLES = frozenset(  # never end a sentence
    "mr mrs ms mx messrs dr prof rev fr hon pres sen rep gov gen col maj capt cpt cmdr adm lt sgt cpl st mt"
    " vs cf viz e.g i.e".split()
)
_OF_NAMES = frozenset("inc co corp ltd jr sr bros dept univ assn ave blvd rd".split())
_OTHERS = frozenset(  # end a sentence before a capital letter only
    "etc al ex no nos pp fig figs vol vols ch sec art eq ca approx est incl esp max min mins hr hrs sq"
    " oz lb lbs ft in cm mm km kg qt gal jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
# Words that open a sentence and are hardly ever part of a name.
_OPENERS = frozenset(
    "The This These Those That It Its He She They We You I His Her Their Our My A An And But Or If In On At"
    " As By For From With To When While Where After Before Since During Although Though However There Some"
    " Many Most Both All Each Another Other Such What Who Why How Because Despite According Under Until Also"
    " Then Thus So Yet Today Now Here".split()
)


@lru_cache(maxsize=1024)
def sentences(text: str) -> Tuple[Tuple[int, int], ...]:
    """The sentences of a text, as ``[start, end)`` in characters, without the white space around them.

    A sentence ends at a line break and at ``.``, ``!``, ``?`` or ``…`` with the quotes, brackets and
    footnotes that close behind it, unless

    * the next line begins like the middle of a sentence, as around formulas;
    * it goes on in lower case after a quote, an ellipsis or a word that is not plain lower case itself;
    * the period is that of an abbreviation ("Dr. Jones"), initial ("J. Smith", "U.S. troops") or number
      ("3.5", "1. First"). After initials and the like, a sentence ends only before a word such as "The".

    Every character that is not white space is in one sentence.
    """
    found, begin = [], 0
    for match in _BREAK.finditer(text):
        if (_begins_line if match["line"] else _ends_sentence)(text, begin, match):
            found.append((begin, match.end()))
            begin = match.end()
    found.append((begin, len(text)))
    return tuple(_trimmed(text, *span) for span in found if text[slice(*span)].strip())


def sentences_around(text: str, start: int, end: int) -> Tuple[int, int]:
    """From the start of the first to the end of the last sentence that overlaps ``[start, end)``.

    All are offsets in characters. A range of white space alone is returned as it is.
    """
    touched = [span for span in sentences(text) if span[0] < end and span[1] > start]
    return (min(touched[0][0], start), max(touched[-1][1], end)) if touched else (start, end)


def _begins_line(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether the line after a line break is blank, an item of a list, or begins with a capital letter."""
    del begin
    following = _NEW_LINE.match(text, match.end())
    return following is not None and not following.group()[-1].islower()


def _ends_sentence(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether the mark that was found ends the sentence that begins at ``begin``."""
    before = text[begin : match.start()]
    if not _LETTER.search(before):
        return False
    following = _NEXT_WORD.match(text, match.end())
    assert following is not None  # every part of it may be empty
    word, stop = following["word"], match["stop"] or match["unspaced"]
    last = _LAST_WORD.search(before[-40:])
    previous = last.group() if last else ""
    if stop == ".":
        abbreviation = previous.lower()
        if abbreviation in _TITLES:
            return False
        if abbreviation in _OTHERS:
            return not word or word[0].isupper()
        if abbreviation in _OF_NAMES or len(previous) == 1 or "." in previous:
            return word in _OPENERS and not following["period"]
    if word[:1].islower():
        plain = len(previous) > 1 and previous.islower() and not match["closing"]
        return plain and not stop.startswith(("..", "…"))
    return True


def _trimmed(text: str, start: int, end: int) -> Tuple[int, int]:
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip())
    return start, start + len(inner.strip())
