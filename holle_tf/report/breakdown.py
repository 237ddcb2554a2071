"""F1 by the length of the document and by the source of the answer."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from holle_tf.evaluate.statistics import Estimate, over_examples
from pipelines.example import Example
from pipelines.tokenizer import tokenize

PARTS = 4  # groups of about equal size by length


class Group(NamedTuple):
    """A group of test examples.

    Attributes:
        name: its label on an axis.
        places: indices of its examples in the split, (examples,).
    """

    name: str
    places: np.ndarray


def by_length(examples: Sequence[Example], rules: str) -> list[Group]:
    """Quarters of the examples by number of words in the document; fewer groups if many lengths are equal.

    ``rules`` are those for words, see ``pipelines.tokenizer.word_pattern``.
    """
    lengths = np.array([len(tokenize(example.document, rules)) for example in examples])
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, PARTS + 1)[1:], method="inverted_cdf"))
    groups, low = [], int(lengths.min())
    for edge in edges:
        places = np.flatnonzero((lengths >= low) & (lengths <= edge))
        if len(places):
            groups.append(Group(f"{low} to {int(edge)}" if low < edge else f"{low}", places))
        low = int(edge) + 1
    return groups


def by_source(examples: Sequence[Example], kinds: Sequence[str]) -> list[Group]:
    """Groups by kind of source, in the order of ``kinds`` and then "unknown"; only those with examples."""
    sources = np.array([example.source for example in examples])
    groups = [Group(name.replace("_", " "), np.flatnonzero(sources == name)) for name in [*kinds, "unknown"]]
    return [group for group in groups if len(group.places)]


def score_groups(f1: np.ndarray, groups: Sequence[Group], resamples: int) -> list[Estimate]:
    """Mean F1 of each group with the bootstrap interval over its examples.

    Args:
        f1: of each example of the split, (examples,), 0-100.
        resamples: number of samples of the bootstrap.
    """
    nan = float("nan")
    return [
        over_examples(f1[group.places], resamples)
        if len(group.places) > 1
        else Estimate(float(f1[group.places].mean()), nan, nan, "one example")
        for group in groups
    ]
