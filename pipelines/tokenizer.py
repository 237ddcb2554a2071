"""Words with exact character offsets.

Penn-Treebank-like, because that is what GloVe was trained on, with two differences: every
punctuation mark is a token of its own, so that a span can begin or end at any mark; and no
character is ever rewritten, so that a prediction is cut out of the document and not re-joined.

There are two sets of rules, ``UNICODE`` and the older ``LATIN``. They differ only where a text has
characters of ``pipelines.scripts``: a word keeps its marks and joiners, and a script without spaces has a
word for each of its characters, with the marks on it, as Unicode Standard Annex 29 has it. Data, runs and
exports keep the rules that they were made with.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import List, NamedTuple, Optional, Sequence, Tuple

from pipelines.options import LATIN, RULES, UNICODE
from pipelines.scripts import ATTACHED, ATTACHED_LETTERS, KATAKANA, STACKING, UNSPACED


def _latin() -> str:
    """Words of scripts that, as Latin, have spaces between words and few combining marks."""
    letter = r"[^\W_]"  # letters and digits of any script
    mark = r"[\u0300-\u036f]"  # combining accents, which Python does not count as letters
    word = rf"{letter}+(?:{mark}+{letter}+)*{mark}*"
    negation = r"[nN]['’][tT](?!" + letter + ")"
    # Every alternative consumes whole runs and none can be split in two ways, so matching is linear.
    return "|".join(
        (
            # The common case alone, because the lookahead for "n't" below tries a word letter by letter.
            rf"[^\W\d_]{letter}+(?!{letter}|{mark}|['’])",
            negation,  # n't
            rf"{word}(?={negation})",  # the "do" of "don't"
            rf"\d+(?:[.,:]\d+)+{letter}*",  # 2.8  1,000  10:30
            r"(?:[^\W\d_]\.){2,}",  # U.S.
            word,
            rf"['’](?:[sSdDmM]|[rR][eE]|[vV][eE]|[lL][lL])(?!{letter})",  # 's 'd 'm 're 've 'll
            r"\S",  # a punctuation mark, a symbol, a stray accent
        )
    )


def _unicode() -> str:
    """The same words, each with its marks; and those of scripts without spaces."""
    others = UNSPACED + KATAKANA + ATTACHED_LETTERS
    letter, alphabetic, mark = rf"[^\W_{others}]", rf"[^\W\d_{others}]", f"[{ATTACHED}]"
    bare = rf"(?!{letter}|{mark})"  # the letter before it ends a word and has no mark
    word = rf"{letter}+(?:{mark}+{letter}+)*{mark}*"
    negation = rf"[nN]['’][tT]{bare}"
    return "|".join(
        (
            r"[A-Za-z][A-Za-z0-9]+(?=[\s!-&(-/:-@\[-`{-~])",  # the common cases alone, as above
            rf"{alphabetic}{letter}+(?!{letter}|{mark}|['’])",
            negation,
            rf"{word}(?={negation})",
            rf"\d+(?:[.,:]\d+)+(?:{letter}|{mark})*",
            rf"(?:{alphabetic}{mark}*\.(?!{mark})){{2,}}",
            word,
            rf"['’](?:[sSdDmM]|[rR][eE]|[vV][eE]|[lL][lL]){bare}",
            rf"[{KATAKANA}][{KATAKANA}{ATTACHED}]*",
            rf"[{UNSPACED}]{mark}*(?:(?<=[{STACKING}])[{UNSPACED}]{mark}*)*",
            rf"\S{mark}*",  # a punctuation mark, a symbol, a stray accent
        )
    )


@lru_cache(maxsize=len(RULES))
def word_pattern(rules: str = UNICODE) -> re.Pattern[str]:
    """The regular expression of a word.

    Args:
        rules: ``LATIN`` or ``UNICODE``. What is not ``LATIN``, as the undecided ``auto`` of an option, is
            ``UNICODE``.
    """
    return re.compile(_latin() if rules == LATIN else _unicode())


PLAIN_QUOTES = str.maketrans(dict.fromkeys("‘’‚‛ʼ", "'") | dict.fromkeys("“”„‟", '"'))


class Token(NamedTuple):
    """One word of a text: ``text == source[start:end]``, in characters, end exclusive."""

    text: str
    start: int
    end: int


def tokenize(text: str, rules: str = UNICODE) -> List[Token]:
    """Split a text into words, numbers, clitics ("do" + "n't") and single punctuation marks.

    The tokens are in order, do not overlap, and cover every character that is not white space.
    Tokenising the tokens again, alone or joined by spaces, changes nothing.

    Args:
        text: any text.
        rules: see ``word_pattern``.
    """
    return find_words(text, word_pattern(rules))


def find_words(text: str, pattern: re.Pattern[str]) -> List[Token]:
    """``tokenize`` by the pattern of an export, which keeps its own."""
    make = tuple.__new__  # what Token(...) does, without a Python call for each word
    spans = [match.span() for match in pattern.finditer(text)]
    return [make(Token, (text[start:end], start, end)) for start, end in spans]


def token_texts(text: str, rules: str = UNICODE) -> List[str]:
    """The texts of ``tokenize(text, rules)``, in half the time."""
    return word_pattern(rules).findall(text)


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
