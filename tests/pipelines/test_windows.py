"""Windows hold their answers, and say no more of where those are than chunks would."""

import random

import pytest

from pipelines.tokenizer import tokenize
from pipelines.windows import cut_paragraphs, cut_unanswered, cut_window

WORDS = 20


def document_of(count):
    """w0, w1 ... and where each begins and ends."""
    text = "  " + " ".join(f"w{i}" for i in range(count)) + " \n"
    return text, tokenize(text)


def cut(text, tokens, first, last, key, words=WORDS):
    start, end = tokens[first].start, tokens[last].end
    window, offset = cut_window(text, start, end, words, key)
    assert window in text
    assert window[offset : offset + end - start] == text[start:end]
    return window


@pytest.mark.parametrize("seed", range(30))
def test_a_window_has_its_words_and_its_answer(seed):
    draw = random.Random(seed)
    text, tokens = document_of(draw.randint(WORDS + 1, 90))
    first = draw.randrange(len(tokens))
    last = min(first + draw.randrange(WORDS), len(tokens) - 1)
    assert len(tokenize(cut(text, tokens, first, last, f"example {seed}"))) == WORDS


def test_the_same_example_has_the_same_window_and_others_have_others():
    text, tokens = document_of(80)
    windows = [cut(text, tokens, 40, 42, f"example {i}") for i in (0, 0, *range(1, 40))]
    assert windows[0] == windows[1]
    assert len(set(windows)) > 10


def test_a_short_document_stays_as_it_is():
    text, _ = document_of(WORDS)
    assert cut_window(text, 2, 4, WORDS, "any") == (text, 2)


def test_an_answer_of_more_words_than_a_window_is_kept_whole():
    text, tokens = document_of(60)
    for i in range(20):
        assert len(tokenize(cut(text, tokens, 10, 10 + WORDS, f"example {i}"))) == WORDS + 1


def test_an_answer_that_cuts_words_is_kept_whole():
    text, _ = document_of(60)
    for i in range(20):
        start, end = text.index("w30") + 1, text.index("w31") + 2  # "30 w3"
        window, offset = cut_window(text, start, end, 2, f"example {i}")
        assert window[offset : offset + end - start] == "30 w3"


def test_openings_are_read_for_answers_elsewhere_as_often_as_in_chunks():
    """Of answers all over the first window's length, half see the opening; were windows drawn within the
    document, few would but those at the opening (about log(n) / n of them)."""
    text, tokens = document_of(400)
    shown = [
        cut(text, tokens, first, first, f"example {first}-{i}").split()[0] == "w0"
        for first in range(WORDS)
        for i in range(20)
    ]
    assert 0.42 < sum(shown) / len(shown) < 0.63


def test_every_place_in_a_window_is_as_likely():
    text, tokens = document_of(400)
    places = [cut(text, tokens, 200, 200, f"example {i}").split().index("w200") for i in range(100 * WORDS)]
    assert all(60 < places.count(place) < 145 for place in range(WORDS))


# Whole paragraphs


def starts(count=4000, lengths=(20,) * 30, gold=15, words=100):
    """First paragraph and the one after the last, as many examples draw them."""
    return [cut_paragraphs(lengths, gold, words, f"example {i}") for i in range(count)]


def test_paragraphs_are_whole_contain_the_gold_one_and_have_no_more_words():
    draw = random.Random(5)
    for i in range(500):
        lengths = [draw.randrange(0, 60) for _ in range(draw.randint(1, 12))]
        gold, words = draw.randrange(len(lengths)), draw.randint(20, 150)
        first, stop = cut_paragraphs(lengths, gold, words, f"{i}")
        assert 0 <= first <= gold < stop <= len(lengths)
        assert sum(lengths[first:stop]) <= max(words, lengths[gold])
        assert (first, stop) == cut_paragraphs(lengths, gold, words, f"{i}")
        if sum(lengths) <= words:
            assert (first, stop) == (0, len(lengths))


def test_an_article_of_one_paragraph_and_a_gold_paragraph_of_too_many_words_stay_whole():
    assert cut_paragraphs([500], 0, 100, "any") == (0, 1)
    assert cut_paragraphs([10, 500, 10], 1, 100, "any") == (1, 2)
    assert cut_paragraphs([10, 100, 10], 1, 100, "any") == (1, 2)


def test_the_gold_paragraph_is_as_often_at_each_place_among_those_around_it():
    places = [15 - first for first, stop in starts() if stop - first == 4]
    assert len(places) > 3500
    assert all(800 < places.count(place) < 1200 for place in range(4))


def test_paragraphs_that_are_read_say_nothing_of_which_one_is_gold():
    lengths = [(7 * i) % 31 + 10 for i in range(40)]
    several = [run for run in starts(3000, lengths, gold=20) if run[1] - run[0] > 3]
    run = max(several, key=several.count)
    seen = {gold: starts(3000, lengths, gold).count(run) for gold in range(*run)}
    share = {gold: count * (101 - lengths[gold]) for gold, count in seen.items()}  # of places of the window
    assert min(seen.values()) > 100
    assert max(share.values()) < 1.35 * min(share.values())


def test_the_opening_and_the_end_of_an_article_are_read_with_answers_elsewhere():
    assert {first for first, _ in starts(200, gold=2)} >= {0, 1, 2}
    assert {stop for _, stop in starts(200, gold=27)} >= {28, 29, 30}
    assert set(starts(200, gold=0)) == {(0, 5)} and set(starts(200, gold=29)) == {(25, 30)}


def test_a_window_without_an_answer_is_around_any_word_of_its_part():
    text, tokens = document_of(80)
    part = tokens[30].start, tokens[50].start
    windows = [cut_unanswered(text, WORDS, f"example {i}", *part) for i in range(300)]
    assert windows[0] == cut_unanswered(text, WORDS, "example 0", *part)
    assert all(window in text and len(tokenize(window)) == WORDS for window in windows)
    read = {int(token.text[1:]) for window in windows for token in tokenize(window)}
    # Any of the words 30 to 49 can be at either end of a window, though the outermost places are rare.
    assert set(range(20, 60)) <= read <= set(range(30 - WORDS + 1, 49 + WORDS))
    whole = {int(tokenize(cut_unanswered(text, WORDS, f"example {i}"))[0].text[1:]) for i in range(600)}
    assert {0, 80 - WORDS} <= whole and len(whole) > 50
    assert cut_unanswered(" w1 w2 ", WORDS, "short") == " w1 w2 "
