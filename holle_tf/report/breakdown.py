"""F1 by what the document is like: its length, and the kind of source that the answer is from."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from holle_tf.evaluate.statistics import Estimate, over_examples
from pipelines.example import Example
from pipelines.tokenizer import tokenize

PARTS = 4  # of the examples, by length


class Group(NamedTuple):
    """Some test examples.

    Attributes:
        name: for an axis.
        places: of its examples in the split.
    """

    name: str
    places: np.ndarray


def by_length(examples: Sequence[Example]) -> list[Group]:
    """Quarters of the examples by words of the document; fewer where lengths are alike."""
    lengths = np.array([len(tokenize(example.document)) for example in examples])
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, PARTS + 1)[1:], method="inverted_cdf"))
    groups, low = [], int(lengths.min())
    for edge in edges:
        places = np.flatnonzero((lengths >= low) & (lengths <= edge))
        if len(places):
            groups.append(Group(f"{low} to {int(edge)}" if low < edge else f"{low}", places))
        low = int(edge) + 1
    return groups


def by_source(examples: Sequence[Example], kinds: Sequence[str]) -> list[Group]:
    """The kinds of source in their order and then "unknown", as far as there are examples of them."""
    sources = np.array([example.source for example in examples])
    groups = [Group(name.replace("_", " "), np.flatnonzero(sources == name)) for name in [*kinds, "unknown"]]
    return [group for group in groups if len(group.places)]


def score_groups(f1: np.ndarray, groups: Sequence[Group], resamples: int) -> list[Estimate]:
    """Mean F1 of each group with the bootstrap interval over its examples.

    Args:
        f1: of every example of the split, (examples,), 0-100.
    """
    nan = float("nan")
    return [
        over_examples(f1[group.places], resamples)
        if len(group.places) > 1
        else Estimate(float(f1[group.places].mean()), nan, nan, "one example")
        for group in groups
    ]
