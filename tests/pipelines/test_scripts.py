"""The classes of characters against those of the package regex, which has Unicode's properties."""

import re
import sys
import unicodedata

import pytest

from pipelines.scripts import ATTACHED, ATTACHED_LETTERS, KATAKANA, UNSPACED

ASSIGNED = [
    chr(p) for p in range(sys.maxunicode + 1) if unicodedata.category(chr(p)) not in ("Cn", "Cs", "Co")
]


def _among(pattern, module=re):
    matches = module.compile(pattern).fullmatch
    return {char for char in ASSIGNED if matches(char)}


def test_attached_characters_are_marks_and_joiners():
    regex = pytest.importorskip("regex")
    wanted = _among(r"[\p{M}\p{Word_Break=Extend}\u200d\u0e33\u0eb3]", regex)
    assert _among(f"[{ATTACHED}]") == wanted
    assert _among(rf"[{ATTACHED}]") & _among(r"\w") == _among(f"[{ATTACHED_LETTERS}]")


def test_scripts_without_spaces_are_those_that_unicode_breaks_by_dictionary_or_character():
    regex = pytest.importorskip("regex")
    properties = r"[\p{Ideographic}\p{Script=Han}\p{Script=Hiragana}\p{Line_Break=SA}]"
    letters = _among(r"[\p{L}\p{Nl}]", regex) - _among(f"[{ATTACHED}]")
    assert _among(f"[{UNSPACED}]") & letters == _among(properties, regex) & letters
    assert _among(f"[{KATAKANA}]") == _among(r"\p{Word_Break=Katakana}", regex) & letters


def test_no_character_is_of_two_classes_or_a_digit():
    classes = [_among(f"[{ranges}]") & _among(r"\w") for ranges in (ATTACHED_LETTERS, UNSPACED, KATAKANA)]
    classes.append(_among(r"\d"))
    assert sum(map(len, classes)) == len(set().union(*classes))
