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


def conversation_cosines(vectors: Sequence[np.ndarray], conversations: Sequence[str]) -> np.ndarray:
    """cos(v, mean V) of every vector, where V are those of its conversation.

    Args:
        vectors: one for each example, (size,); shorter ones are padded with zeros, as row sums of documents
            of different length are.
        conversations: the conversation of each example.

    Returns:
        float64, (examples,); nan for an example that is alone in its conversation.

    Raises:
        ValueError: there are not as many conversations as vectors.
    """
    if len(vectors) != len(conversations):
        raise ValueError(f"{len(vectors)} vectors of {len(conversations)} examples")
    cosines = np.full(len(vectors), np.nan)
    for places in _places(conversations).values():
        if len(places) < 2:
            continue
        width = max(len(vectors[place]) for place in places)
        matrix = np.stack([np.pad(vectors[place], (0, width - len(vectors[place]))) for place in places])
        matrix = matrix.astype(np.float64)  # (examples of the conversation, width)
        cosines[places] = cosine_similarity(matrix, matrix.mean(axis=0, keepdims=True))[:, 0]
    return cosines


def conicity(vectors: Sequence[np.ndarray], conversations: Sequence[str]) -> Conicity:
    """Mean over conversations of the mean of their cosines; arguments as of ``conversation_cosines``."""
    cosines = conversation_cosines(vectors, conversations)
    places = _places(conversations).values()
    values = [float(cosines[of_one].mean()) for of_one in places if len(of_one) > 1]
    return Conicity(
        float(np.mean(values)) if values else float("nan"), len(values), len(places) - len(values)
    )


def _places(conversations: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, conversation in enumerate(conversations):
        places.setdefault(conversation, []).append(place)
    return places
