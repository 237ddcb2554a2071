from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from holle_tf.drawing.terminal_span import SPAN_STYLE, highlight, print_prediction

DOCUMENT = " ".join(f"word{n:03d}" for n in range(100))
SPAN = (DOCUMENT.index("word050"), DOCUMENT.index("word053") - 1)  # three words


def styled(text):
    (span,) = text.spans
    assert span.style == SPAN_STYLE
    return text.plain[span.start : span.end]


def console(width=60, **kwargs):
    return Console(file=io.StringIO(), width=width, **kwargs)


def test_the_span_is_styled_and_lines_are_wrapped():
    text = highlight(DOCUMENT, *SPAN, width=40)
    assert styled(text).split() == ["word050", "word051", "word052"]
    assert max(map(len, text.plain.split("\n"))) <= 40
    assert text.plain.replace("\n", " ") == DOCUMENT


def test_context_is_cut_at_words_on_both_sides():
    text = highlight(DOCUMENT, *SPAN, width=200, context=20)
    assert text.plain == "... word048 word049 word050 word051 word052 word053 word054 ..."
    assert styled(text) == "word050 word051 word052"
    assert highlight(DOCUMENT, 0, 7, width=200, context=9).plain == "word000 word001 ..."


def test_markers_stand_in_for_the_style():
    text = highlight(DOCUMENT, *SPAN, width=200, context=9, markers=True)
    assert text.plain == "... word049 >>>word050 word051 word052<<< word053 ..."
    assert not text.spans


@settings(suppress_health_check=[HealthCheck.too_slow])  # which a busy machine can be
@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60), st.integers(1, 30))
def test_any_text_keeps_its_characters_and_its_span(document, first, second, width):
    start, end = sorted(min(place, len(document)) for place in (first, second))
    text = highlight(document, start, end, width)
    assert len(text.plain) == len(document)
    for shown, source in zip(text.plain, document):
        assert shown == source or (shown in " \n" and (source.isspace() or ord(source) < 160))
    if start < end:
        assert styled(text) == text.plain[start:end]


def test_wide_characters_count_as_two_columns():
    text = highlight("\u6620\u753b \u6620\u753b \u6620\u753b", 0, 2, width=9)
    assert text.plain == "\u6620\u753b \u6620\u753b\n\u6620\u753b"


@pytest.mark.parametrize("span", [(-1, 3), (3, 2), (0, 5)])
def test_a_span_outside_the_document_is_refused(span):
    with pytest.raises(ValueError, match="outside a document of 4 characters"):
        highlight("abcd", *span, width=20)


def test_without_colours_the_span_is_marked_and_no_code_is_written():
    screen = console()
    spans = [(*SPAN, 0.5), (0, 7, 0.125)]
    print_prediction(screen, DOCUMENT, spans, "what\x1b[31m [bold]now[/bold]?", answer="word050", context=50)
    text = screen.file.getvalue()
    assert "\x1b" not in text
    assert ">>>word050 word051 word052<<<" in text.replace("\n", " ")
    assert "[bold]now[/bold]?" in text  # a chat is no markup
    assert "  1   0.500  word050 word051 word052\n" in text
    assert "  2   0.125  word000\n" in text
    assert "answer: word050\n" in text


def test_with_colours_the_span_is_highlighted_without_markers():
    screen = console(force_terminal=True, color_system="standard", no_color=False)
    print_prediction(screen, DOCUMENT, [(*SPAN, 0.5)], "what now?", context=50)
    text = screen.file.getvalue()
    assert ">>>" not in text
    assert "\x1b[1;30;102mword050" in text


def test_a_long_candidate_takes_one_line():
    screen = console(width=40)
    print_prediction(screen, DOCUMENT, [(0, 7, 0.5), (0, 400, 0.25)], "what?")
    line = next(line for line in screen.file.getvalue().splitlines() if line.startswith("  2 "))
    assert len(line) <= 40 and "word002" not in line.split("word001")[0]


def test_no_span_is_said():
    screen = console()
    print_prediction(screen, "", [], "what?")
    assert "no span" in screen.file.getvalue()
