import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import span_search
from pipelines.span_search import MOVED, NO_OFFSET, SPELLED, find_span

TEXT = "He said “Don’t go” in 1988. The end,  the End. Rated 8 of 10…"


def found(span, offset, text=TEXT, **options):
    place = find_span(text, span, offset, **options)
    return place and (text[place.start : place.end], place.start, place.repairs)


def test_a_right_offset_needs_no_repair():
    assert found("the", 38) == ("the", 38, ())


def test_white_space_around_the_span_is_left_out():
    assert found(" the ", 37) == ("the", 38, ())
    assert found("the ", None) == ("the", 38, (NO_OFFSET,))


@pytest.mark.parametrize("offset", [None, -1])
def test_without_a_usable_offset_the_first_occurrence_is_taken(offset):
    assert found("in", offset) == ("in", TEXT.index("in"), (NO_OFFSET,))


@pytest.mark.parametrize("offset", [len(TEXT), 10**9])
def test_beyond_the_end_the_last_occurrence_is_the_nearest(offset):
    assert found("10", offset, text="8 of 10, 9 of 10") == ("10", 14, (NO_OFFSET,))


@pytest.mark.parametrize("offset, start", [(0, 3), (3, 3), (8, 3), (19, 17), (13, 17)])
def test_the_nearest_occurrence_is_taken(offset, start):
    place = find_span("my cat, and then cat", "cat", offset)
    assert place == (start, start + 3, () if offset == start else (MOVED,))


def test_case_quotes_dashes_and_spaces_may_differ():
    assert found('"DON\'T GO"', 8) == ("“Don’t go”", 8, (SPELLED,))
    assert found("``Don't go''", 0) == ("“Don’t go”", 8, (MOVED, SPELLED))
    assert found("the end, the end...", 0, text="oh — The end,\n the end…") == (
        "The end,\n the end…",
        5,
        (MOVED, SPELLED),
    )


def test_what_is_at_the_offset_wins_over_an_exact_occurrence_elsewhere():
    assert found("the", 28) == ("The", 28, (SPELLED,))
    assert found("the", 30) == ("the", 38, (MOVED,))


def test_case_counts_where_it_is_asked_for():
    assert found("don't go", 9, ignore_case=False) is None
    assert found("Don't go", 9, ignore_case=False) == ("Don’t go", 9, (SPELLED,))


def test_a_single_word_is_not_found_inside_another():
    assert found("8", 0) == ("8", TEXT.index("8 of"), (MOVED,))
    assert found("98", 0) is None
    assert found("nd, the", 0) == ("nd,  the", 33, (MOVED, SPELLED))


@pytest.mark.parametrize(
    "text, span",
    [
        ("这部电影讲一个老水手的故事。", "老水手"),
        ("これはアニメーション映画です", "アニメーション"),
        ("ดนตรีเพราะมาก", "เพราะ"),
        ("संगीत बहुत अच्छा है", "बहुत"),
    ],
)
def test_a_word_that_needs_no_spaces_is_found_away_from_its_offset(text, span):
    assert found(span, 0, text=text) == (span, text.index(span), (MOVED,))


@pytest.mark.parametrize(
    "text, span", [("हिन्दी की", "क"), ("アニメーション", "アニメ"), ("cafe\u0301", "cafe")]
)
def test_a_mark_or_more_of_a_word_may_not_follow_it(text, span):
    assert found(span, len(text), text=text) is None


def test_letters_whose_lower_case_is_longer_do_not_shift_the_rest():
    text = "İİİ The End"
    assert found("the end", 0, text=text) == ("The End", 4, (MOVED, SPELLED))


@pytest.mark.parametrize("span", ["", "  \n", "nowhere"])
def test_what_the_text_does_not_hold_is_not_found(span):
    assert found(span, 0) is None


@given(st.text(), st.text(min_size=1), st.text(), st.one_of(st.none(), st.integers(-5, 50)))
def test_a_span_of_the_text_is_found_as_it_stands_there(before, span, after, offset):
    text = f"{before} {span} {after}"
    place = find_span(text, span, offset)
    if not span.strip():
        assert place is None
        return
    assert place is not None
    got = text[place.start : place.end]
    assert got == got.strip() != ""
    if SPELLED not in place.repairs:
        assert got == span.strip()
    assert find_span(text, span, len(before) + 1) == (
        len(before) + 1 + len(span) - len(span.lstrip()),
        len(before) + 1 + len(span.rstrip()),
        (),
    )


@pytest.mark.parametrize("span", ["ab " * 25_000, "AB " * 25_000, "ab " * 25_000 + "c", "ab " * 4])
def test_a_text_that_repeats_itself_takes_no_longer(span):
    started = time.process_time()
    for offset in (None, 30_001):
        find_span("ab " * 50_000 + "c", span, offset)
    assert time.process_time() - started < 3


@given(st.text("ab", max_size=300), st.text("ab", min_size=1, max_size=6), st.integers(1, 20))
def test_overlapping_occurrences_are_those_of_a_plain_search(text, piece, times):
    wanted = piece * times
    plain = [start for start in range(len(text)) if text.startswith(wanted, start)]
    assert span_search._starts(text, wanted) == plain == span_search._overlapping_starts(text, wanted)
