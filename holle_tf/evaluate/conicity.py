"""Conicity: how alike a model's vectors are within one conversation (paper, section 4.1, table 6)."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np
from sklearn.metrics.pairwise import cosine_similarity


class Conicity(NamedTuple):
    """Mean over conversations, and over how many.

    Attributes:
        value: in [-1, 1]; nan where no conversation has two vectors.
        conversations: those that count.
        excluded: conversations of one example, whose conicity is 1 by definition.
    """

    value: float
    conversations: int
    excluded: int


def conicity(vectors: Sequence[np.ndarray], conversations: Sequence[str]) -> Conicity:
    """Mean over conversations of mean_v cos(v, mean V); see ``cosines_to_mean``."""
    return mean_of(cosines_to_mean(vectors, conversations), len(set(conversations)))


def mean_of(cosines: Sequence[np.ndarray], conversations: int) -> Conicity:
    """The conicity that the cosines of ``cosines_to_mean`` give, of so many conversations in all."""
    value = float(np.mean([of_one.mean() for of_one in cosines])) if cosines else float("nan")
    return Conicity(value, len(cosines), conversations - len(cosines))


def cosines_to_mean(vectors: Sequence[np.ndarray], conversations: Sequence[str]) -> list[np.ndarray]:
    """cos(v, mean V) of every v, where V are the vectors of one conversation: an array for each of them.

    Conversations of one example are left out.

    Args:
        vectors: one for each example, (size,); shorter ones are padded with zeros, as row sums of documents
            of different length are.
        conversations: the conversation of each example.

    Raises:
        ValueError: there are not as many conversations as vectors.
    """
    if len(vectors) != len(conversations):
        raise ValueError(f"{len(vectors)} vectors of {len(conversations)} examples")
    rows: dict[str, list[np.ndarray]] = {}
    for vector, conversation in zip(vectors, conversations):
        rows.setdefault(conversation, []).append(vector)
    cosines = []
    for of_one in rows.values():
        if len(of_one) < 2:
            continue
        width = max(len(vector) for vector in of_one)
        matrix = np.stack([np.pad(vector, (0, width - len(vector))) for vector in of_one]).astype(np.float64)
        cosines.append(cosine_similarity(matrix, matrix.mean(axis=0, keepdims=True))[:, 0])
    return cosines
