"""Sentences of encyclopedias and reviews, written with a bar between them."""

import pytest

from pipelines.sentences import sentences, sentences_around


def split(text):
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "marked",
    [
        "It rains.| Who knows why?| Nobody!| It may stop… or not.| So be it",
        "Dr. Jones met Mr. W. E. B. Du Bois and St. Clare, i.e. Clare of Assisi, vs. Rome.| He left.",
        "John F. Kennedy won.| See vitamin C.| It helps.| Saturn V.| These flew.",
        "The U.S. Congress met at 5 p.m. Monday.| It left the U.S.| The end.| J. A. Smith stayed.",
        "Apple Inc. Chairman Levinson spoke for Apple Inc.| He sat down.",
        "It has nuts, etc. and weighs 20 oz. or so, approx. 3 lb. 5 oz.| Easy.",
        "No. 5 costs 3.5 or 1,000.25 dollars on Jan. 5, 1990.| 25 people came in the 1990s.| Newly built.",
        "1. First things first.| 2. Then the rest.",
        'He said, "Go away."| She went (slowly.)| "Why?" he asked, and "No!" she said.| ‘So.’| The end.',
        "Yahoo! and Google grew.[3][citation needed]| Others did not.[b]| I don't.| My friend does.",
        "it works great.| i love it!| but... it broke.. again",
        "It gets out of the way.|Conclusion?| A win.|I like A.B. and example.com and Node.js.",
    ],
)
def test_sentences_end_where_a_reader_would_end_them(marked):
    assert split(marked.replace("|", "")) == [part.strip() for part in marked.split("|")]


def test_lines_end_sentences_unless_they_go_on():
    assert split("A headline\nThe text of O\n2 is here\nand there.\n\nblank\n- item\n1. item\n") == [
        "A headline", "The text of O\n2 is here\nand there.", "blank", "- item", "1. item",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", " \n ", "...", "?!? :-) A.\tB. . \n\n \n.x", "'" * 50 + ". A" + "." * 50]
)
def test_every_character_but_white_space_is_in_one_sentence_whatever_the_text(text):
    spans = sentences(text)
    assert "".join("".join(split(text)).split()) == "".join(text.split())
    assert all(a < b <= c < d for (a, b), (c, d) in zip(spans, spans[1:]))


def test_all_sentences_that_a_range_touches_are_around_it():
    text = " One is here. Two is there.  Three is away. "

    def around(words):
        start = text.index(words)
        return text[slice(*sentences_around(text, start, start + len(words)))]

    assert around("Two") == around("there.") == around("Two is there.") == "Two is there."
    assert around("here. Two") == "One is here. Two is there."
    assert around("is here. Two is there.  Three") == text.strip()
    assert sentences_around("a  b", 1, 2) == (0, 4)
    assert sentences_around("One.  Two.", 4, 6) == (4, 6)


def test_long_runs_of_marks_take_no_time():
    assert len(sentences("a" + "." * 100_000 + "b " + "[" * 100_000 + '"' * 100_000)) == 1
