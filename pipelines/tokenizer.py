"""Words with exact character offsets.

Penn-Treebank-like, because that is what GloVe was trained on, with two differences: every
punctuation mark is a token of its own, so that a span can begin or end at any mark; and no
character is ever rewritten, so that a prediction is cut out of the document and not re-joined.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import List, NamedTuple, Optional, Sequence, Tuple

_LETTER = r"[^\W_]"  # letters and digits of any script
_MARK = r"[\u0300-\u036f]"  # combining accents, which Python does not count as letters
_WORD = rf"{_LETTER}+(?:{_MARK}+{_LETTER}+)*{_MARK}*"
_NOT = r"[nN]['’][tT](?!" + _LETTER + ")"

# Every alternative consumes whole runs and none can be split in two ways, so matching is linear.
TOKEN = re.compile(
    "|".join(
        (
            # The common case alone, because the lookahead for "n't" below tries a word letter by letter.
            rf"[^\W\d_]{_LETTER}+(?!{_LETTER}|{_MARK}|['’])",
            _NOT,  # n't
            rf"{_WORD}(?={_NOT})",  # the "do" of "don't"
            rf"\d+(?:[.,:]\d+)+{_LETTER}*",  # 2.8  1,000  10:30
            r"(?:[^\W\d_]\.){2,}",  # U.S.
            _WORD,
            rf"['’](?:[sSdDmM]|[rR][eE]|[vV][eE]|[lL][lL])(?!{_LETTER})",  # 's 'd 'm 're 've 'll
            r"\S",  # a punctuation mark, a symbol, a stray accent
        )
    )
)

PLAIN_QUOTES = str.maketrans(dict.fromkeys("‘’‚‛ʼ", "'") | dict.fromkeys("“”„‟", '"'))


class Token(NamedTuple):
    """One word of a text: ``text == source[start:end]``, in characters, end exclusive."""

    text: str
    start: int
    end: int


def tokenize(text: str) -> List[Token]:
    """Split a text into words, numbers, clitics ("do" + "n't") and single punctuation marks.

    The tokens are in order, do not overlap, and cover every character that is not white space.
    Tokenising the tokens again, alone or joined by spaces, changes nothing.
    """
    make = tuple.__new__  # what Token(...) does, without a Python call for each word
    spans = [match.span() for match in TOKEN.finditer(text)]
    return [make(Token, (text[start:end], start, end)) for start, end in spans]


def token_texts(text: str) -> List[str]:
    """The texts of ``tokenize(text)``, in half the time."""
    return TOKEN.findall(text)


@lru_cache(maxsize=1 << 17)
def lookup_form(word: str) -> str:
    """What GloVe is asked for: the word in lower case with typographic quotes made plain."""
    return word.lower() if word.isascii() else word.lower().translate(PLAIN_QUOTES)


def token_span(tokens: Sequence[Token], start_char: int, end_char: int) -> Optional[Tuple[int, int]]:
    """Inclusive indices of the first and the last token that overlap ``[start_char, end_char)``.

    Returns:
        None where no token does, for example for an empty or blank range.
    """
    first = last = None
    for index, token in enumerate(tokens):
        if token.start >= end_char:
            break
        if token.end > start_char and start_char < end_char:
            first = index if first is None else first
            last = index
    return None if first is None or last is None else (first, last)
