import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.span_search import ENCODED, NO_OFFSET, find_span
from pipelines.spelling import common_spelling

# A document, an answer as the file spells it, and the text of the document that it is.
ALIKE = {
    "decomposed answer": ("Das Café ist zu.", "Cafe\u0301 ist", "Café ist"),
    "decomposed document": ("Das Cafe\u0301 ist zu.", "Café ist", "Cafe\u0301 ist"),
    "marks in another order": ("z ẹ\u0301 x", "e\u0301\u0323 x", "ẹ\u0301 x"),
    "Korean letters": ("한국 영화가 좋다", unicodedata.normalize("NFD", "영화가"), "영화가"),
    "vowels of Arabic in another order": ("هذا قِص\u0651\u064eة", "قِص\u064e\u0651ة", "قِص\u0651\u064eة"),
    "zero-width space": ("a zero\u200bwidth word", "zerowidth word", "zero\u200bwidth word"),
    "invisible characters of the answer": ("plain word", "pla\u200bin word\ufeff", "plain word"),
    "soft hyphen": ("they co\u00adoperate", "cooperate", "co\u00adoperate"),
    "joiner": ("می\u200cخواهم بروم", "میخواهم بروم", "می\u200cخواهم بروم"),
    "mark of direction": ("in (\u200fשלום\u200e) end", "(שלום)", "(\u200fשלום\u200e)"),
    "variant of a glyph": ("I ❤\ufe0f it", "I ❤ it", "I ❤\ufe0f it"),
    "entity in the answer": ("Tom & Jerry run", "Tom &amp; Jerry", "Tom & Jerry"),
    "entity in the document": ("Tom &amp; Jerry run", "Tom & Jerry", "Tom &amp; Jerry"),
    "entity encoded twice": ("he &amp;quot;ran&amp;quot; off", '"ran"', "&amp;quot;ran&amp;quot;"),
    "numbered entities": ("it&#39;s so", "it&#x27;s so", "it&#39;s so"),
    "space as an entity": ("a&nbsp;b c", "a b c", "a&nbsp;b c"),
    "spaces around one": ("a &nbsp; b", "a b", "a &nbsp; b"),
    "accent for a quote": ("rock ´n´ roll", "rock 'n' roll", "rock ´n´ roll"),
    "angle quotes": ("he said «no way» to", '"no way"', "«no way»"),
    "fullwidth quotes": ("he said ＂no＂ to", '"no"', "＂no＂"),
    "minus": ("in 1990−95 then", "1990-95", "1990−95"),
    "hyphen that does not break": ("a well‑known man", "well-known", "well‑known"),
    "three hyphens": ("long --- dash", "long — dash", "long --- dash"),
    "fullwidth letters": ("ＡＢＣ company", "ABC company", "ＡＢＣ company"),
    "ligature": ("the ﬁnal cut", "the final cut", "the ﬁnal cut"),
    "sharp s": ("die Straße lang", "die STRASSE lang", "die Straße lang"),
}


@pytest.mark.parametrize("text, span, found", ALIKE.values(), ids=ALIKE)
def test_a_span_that_reads_alike_is_found_with_the_offsets_of_the_text(text, span, found):
    place = find_span(text, span, None)
    assert place is not None and text[place.start : place.end] == found
    assert place.repairs == (NO_OFFSET, ENCODED)
    assert find_span(text, span, text.index(found)) == (place.start, place.end, (ENCODED,))


def test_the_nearest_is_taken():
    text = "a &amp; b, then a &amp; b, then a &amp; b"
    assert find_span(text, "a & b", 14).start == text.index("a &amp; b", 5)


@pytest.mark.parametrize(
    "text, span",
    [
        ("e\u0301 a", "e"),
        ("각 영화", "가"),
        ("각 영화", "\u1100\u1161"),
        ("m ½", "2"),
        ("a & b", "\u200b"),
    ],
)
def test_a_part_of_a_character_is_not_found(text, span):
    assert find_span(text, span, None) is None


def test_case_counts_where_it_is_asked_for():
    assert find_span("Tom &amp; Jerry", "tom & jerry", 0, ignore_case=False) is None
    assert find_span("Tom &amp; Jerry", "tom & jerry", 0).end == 15


@given(st.text(max_size=40))
def test_composed_and_decomposed_text_has_one_spelling(text):
    composed = unicodedata.normalize("NFC", "".join(char for char in text if char not in "&`',-"))
    decomposed = unicodedata.normalize("NFD", composed)
    assert common_spelling(decomposed, True).text == common_spelling(composed, True).text


@given(st.text(max_size=60))
def test_every_character_knows_its_piece(text):
    spelling = common_spelling(text, True)
    assert len(spelling.text) == len(spelling.starts) == len(spelling.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(spelling.starts, spelling.ends))
    assert spelling.starts == sorted(spelling.starts)


@pytest.mark.parametrize(
    "unit", ["&amp;", "&", "&amp", "e\u0301\u0323", "\u0323\u0301", "-", "' ", "\u200b", "ab "]
)
def test_time_grows_linearly_with_the_text(unit):
    started = time.process_time()
    find_span(unit * 50_000, "zz" + unit * 25_000, 7)
    assert time.process_time() - started < 5  # quadratic would take minutes
