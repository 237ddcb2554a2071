from dataclasses import replace

import pytest

from benchmarks.openings import opening, shares
from pipelines.example_from_texts import example_from_chat
from pipelines.options import DataConfig

BEGINNING = "Inception is a film of 2010 about thieves who steal"
LONG = BEGINNING + " secrets in dreams. Cobb is a thief. The end stays open."


def _example(number, document, answer):
    chat = {"document": document, "chat": ["hello", "what is it about ?"]}
    example = example_from_chat(chat, DataConfig())
    return replace(example, example_id=str(number), answer_start=document.index(answer))


def test_the_opening_is_of_ten_words_as_they_stand_in_the_document():
    assert opening(LONG) == BEGINNING and opening("two  words") == "two  words"


def test_shares_are_of_the_excerpts_that_have_the_opening():
    long = [_example(i, LONG, answer) for i, answer in enumerate(["Inception", "Cobb", "The end", "The end"])]
    short = [
        _example(0, LONG[:80], "Inception"),  # the opening is there, and the answer
        _example(1, LONG, "Cobb"),  # the opening is there, the answer elsewhere
        _example(2, LONG[60:], "The end"),
        _example(3, LONG[60:], "The end"),
    ]
    found = shares(short, long)
    assert found["documents with the opening"] == pytest.approx(2 / 4)
    assert found["answer there, of those"] == pytest.approx(1 / 2)
    assert shares(long, long)["documents with the opening"] == 1.0
    assert shares(long, long)["answer there, of those"] == pytest.approx(1 / 4)
