"""Folds of the training data: no document is in two of them."""

import dataclasses
import random
from collections import Counter

import numpy as np
import pytest

from pipelines.errors import UserError
from pipelines.folds import Source, assign_groups, fold_of, folds_of_examples, groups_of, read_sources


def sources_of(chats=40, seed=0):
    """Chats of 1 to 9 examples, up to three of them about one movie."""
    rng = random.Random(seed)
    return [
        Source(f"e{chat}_{turn}", f"film {chat // 3}", f"c{chat}", f"text {chat}")
        for chat in range(chats)
        for turn in range(rng.randint(1, 9))
    ]


def test_examples_of_one_chat_movie_or_document_are_one_group():
    names = [
        ("e0", "A", "c0", "d0"),
        ("e1", "A", "c1", "d1"),  # the same movie
        ("e2", "", "c1", "d2"),  # the same chat
        ("e3", "B", "c3", "d2"),  # the same document
        ("e4", "", "c4", "d4"),
        ("e5", "", "c5", "d5"),  # no movie is not a movie in common
    ]
    assert groups_of([Source(*name) for name in names]).tolist() == [0, 0, 0, 0, 1, 2]


@pytest.mark.parametrize("folds", [2, 5])
def test_no_group_is_in_two_folds_and_folds_are_about_equally_large(folds):
    sources = sources_of()
    numbers = assign_groups(sources, folds)
    assert set(numbers.tolist()) == set(range(1, folds + 1))
    for field in ("movie", "chat_id", "document"):
        pairs = {(getattr(source, field), number) for source, number in zip(sources, numbers.tolist())}
        assert len(pairs) == len({value for value, _ in pairs}), field
    sizes = Counter(numbers.tolist()).values()
    assert max(sizes) - min(sizes) <= max(Counter(groups_of(sources).tolist()).values())


def test_the_order_of_the_records_does_not_matter():
    sources = sources_of()
    expected = dict(zip(sources, assign_groups(sources, 4).tolist()))
    shuffled = random.Random(1).sample(sources, len(sources))
    assert dict(zip(shuffled, assign_groups(shuffled, 4).tolist())) == expected


def test_an_example_that_was_not_assigned_follows_its_movie_or_chat():
    known = {("example_id", "e0"): 3, ("movie", "A"): 1, ("chat_id", "c7"): 2}
    assert fold_of(Source("e0", "A", "c7", "d"), known, 4) == 3
    assert fold_of(Source("e1", "A", "c7", "d"), known, 4) == 1
    assert fold_of(Source("e2", "B", "c7", "d"), known, 4) == 2
    free = {fold_of(Source(f"e{i}", "B", f"x{i}", "d"), known, 4) for i in range(60)}
    assert free == {1, 2, 3, 4}


def test_folds_are_of_the_records_in_their_order(make_encoded, make_prepared):
    encoded = make_encoded([20] * 31)
    for number, item in enumerate(encoded):
        movie = dataclasses.replace(item.example, movie=f"film {number // 5}")
        object.__setattr__(item, "example", movie)
    prepared = make_prepared(encoded)
    sources = read_sources(prepared)
    assert [(source.example_id, source.movie) for source in sources] == [
        (f"e{i}", f"film {i // 5}") for i in range(31)
    ]
    numbers = folds_of_examples(prepared, 2)
    np.testing.assert_array_equal(numbers, assign_groups(sources, 2))
    # Chats of three examples link movies of five, so that only a few groups are left.
    with pytest.raises(UserError, match="distill.folds=12: more than the .* groups .* lower it"):
        folds_of_examples(prepared, 12)
