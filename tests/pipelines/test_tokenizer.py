import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.tokenizer import Token, lookup_form, token_span, token_texts, tokenize

# Plain random Unicode rarely holds what the rules are about.
PIECES = st.sampled_from(
    [
        "n't",
        "N’T",
        "do",
        "n",
        "'",
        "’",
        "s",
        "'s",
        "'ll",
        "2",
        ".",
        "8",
        ",",
        "1,000",
        "U.",
        "S.",
        "a",
        " ",
        "\n",
    ]
    + [
        "é",
        "e\u0301",
        "\u0301",
        "_",
        "-",
        "“",
        "”",
        "…",
        "\u00a0",
        "\u200b",
        "\x1c",
        "\u0130",
        "中",
        "٣",
        "😀",
        "\0",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join))


@pytest.mark.parametrize(
    "text, words",
    [
        ("I don't know.", "I do n't know ."),
        ("I DON’T; can't, won't", "I DO N’T ; ca n't , wo n't"),
        ("doesn't isn't n't", "does n't is n't n't"),
        ("Frank's they'll we're I'm I've he'd", "Frank 's they 'll we 're I 'm I 've he 'd"),
        ("the boys' 'quoted' o'clock", "the boys ' ' quoted ' o ' clock"),
        ("$2.8 million, 1,000 at 10:30.", "$ 2.8 million , 1,000 at 10:30 ."),
        ("in 2010. In the 1980s, 3D", "in 2010 . In the 1980s , 3D"),
        ("the U.S. army, e.g. S.H.I.E.L.D.", "the U.S. army , e.g. S.H.I.E.L.D."),
        ("Plan B. Then...", "Plan B . Then . . ."),
        ("well-known -- (really?!)", "well - known - - ( really ? ! )"),
        ("“Amélie” cafe\u0301 snake_case", "“ Amélie ” cafe\u0301 snake _ case"),
        ("", ""),
        (" \t\n\u00a0", ""),
    ],
)
def test_words(text, words):
    assert [token.text for token in tokenize(text)] == words.split()


def test_offsets_are_of_characters_and_exclusive():
    assert tokenize(" “Hi”\n2.8") == [("“", 1, 2), ("Hi", 2, 4), ("”", 4, 5), ("2.8", 6, 9)]


@given(TEXTS)
@example("don't5 1.2.3a")
@settings(max_examples=500, deadline=None)
def test_tokens_are_ordered_slices_that_cover_everything_but_white_space(text):
    covered = 0
    assert token_texts(text) == [token.text for token in tokenize(text)]
    for token in tokenize(text):
        assert token.text == text[token.start : token.end] != ""
        assert token.start >= covered
        assert text[covered : token.start].strip() == ""
        assert not any(char.isspace() for char in token.text)
        covered = token.end
    assert text[covered:].strip() == ""


@given(TEXTS)
@settings(max_examples=500, deadline=None)
def test_tokenising_tokens_again_changes_nothing(text):
    words = [token.text for token in tokenize(text)]
    assert [token.text for token in tokenize(" ".join(words))] == words


@pytest.mark.parametrize("unit", ["a", "1.", "a.", "don't", "e\u0301", "'", "1a", "n"])
def test_time_grows_linearly_with_the_text(unit):
    started = time.process_time()
    tokenize(unit * (200_000 // len(unit)))
    assert time.process_time() - started < 2  # quadratic matching would take minutes


@pytest.mark.parametrize(
    "word, form",
    [
        ("Frank", "frank"),
        ("N’T", "n't"),
        ("‘", "'"),
        ("“", '"'),
        ("”", '"'),
        ("É", "é"),
        ("2.8", "2.8"),
        ("`", "`"),
    ],
)
def test_lookup_form(word, form):
    assert lookup_form(word) == form


@given(TEXTS)
def test_lookup_form_is_stable(text):
    assert lookup_form(lookup_form(text)) == lookup_form(text)


TOKENS = [Token("It", 0, 2), Token("'s", 2, 4), Token("good", 6, 10)]


@pytest.mark.parametrize(
    "start, end, span",
    [
        (0, 10, (0, 2)),
        (0, 2, (0, 0)),
        (2, 4, (1, 1)),
        (1, 3, (0, 1)),
        (3, 7, (1, 2)),
        (4, 7, (2, 2)),
        (9, 99, (2, 2)),
        (4, 6, None),
        (10, 12, None),
        (7, 7, None),
        (8, 7, None),
    ],
)
def test_token_span_is_of_the_overlapping_tokens(start, end, span):
    assert token_span(TOKENS, start, end) == span


def test_no_tokens_no_span():
    assert token_span([], 0, 5) is None


@given(TEXTS, st.data())
@settings(deadline=None)
def test_token_span_covers_every_word_of_the_range(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    tokens = tokenize(text)
    span = token_span(tokens, start, end)
    inside = text[start:end]
    if not inside.strip():
        assert span is None
        return
    first, last = span
    assert tokens[first].start <= start + len(inside) - len(inside.lstrip())
    assert tokens[last].end >= start + len(inside.rstrip())
    assert tokens[first].end > start and tokens[last].start < end
