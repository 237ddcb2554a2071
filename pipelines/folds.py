"""Folds of the training data, for models that must not have seen what they are asked about.

A fold is a set of whole groups. A group is everything that is connected: the examples of a chat, the chats
about a movie (the questions on an article, in SQuAD), and the examples that share a document word for word.
The assignment depends on the records alone, so it is the same on every machine.
"""

from __future__ import annotations

import hashlib
from typing import Iterator, Mapping, NamedTuple, Optional, Sequence

import numpy as np
import tensorflow as tf
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pipelines.errors import UserError
from pipelines.prepare import PreparedData
from pipelines.records import serialised

_BATCH = 256  # records parsed at once


class Source(NamedTuple):
    """Where an example comes from.

    Attributes:
        example_id, movie, chat_id: see ``Example``; the movie may be empty.
        document: digest of the document's text.
    """

    example_id: str
    movie: str
    chat_id: str
    document: str

    def keys(self) -> Iterator[tuple[str, str]]:
        """What it shares with the other examples of its group, and its own id first."""
        return ((name, value) for name, value in self._asdict().items() if value)


def folds_of_examples(
    prepared: PreparedData, folds: int, assigned_in: Optional[PreparedData] = None
) -> np.ndarray:
    """The fold of each training example, in record order: int64 (examples,), from 1 to ``folds``.

    Args:
        prepared: the data of the examples.
        folds: number of folds.
        assigned_in: the data whose examples were assigned to folds; by default ``prepared``. In another setup
            of the same raw data, an example has the same fold.

    Raises:
        UserError: there are fewer groups than folds.
    """
    sources = read_sources(prepared)
    if assigned_in is None or assigned_in.fingerprint == prepared.fingerprint:
        return _assign(sources, folds, prepared)
    others = read_sources(assigned_in)
    numbers = _assign(others, folds, assigned_in)
    known = {key: int(number) for other, number in zip(others, numbers) for key in other.keys()}
    return np.array([fold_of(source, known, folds) for source in sources], np.int64)


def fold_of(source: Source, known: Mapping[tuple[str, str], int], folds: int) -> int:
    """The fold of an example, by the first of its keys that has one.

    Nobody has seen an example without such a key, so that any fold will do.
    """
    for key in source.keys():
        if key in known:
            return known[key]
    return 1 + int(_digest(source.chat_id), 16) % folds


def groups_of(sources: Sequence[Source]) -> np.ndarray:
    """The number of the group of each source: int (sources,)."""
    nodes: dict[tuple[str, str], int] = {}
    rows, columns = [], []
    for row, source in enumerate(sources):
        for key in source.keys():
            rows.append(row)
            columns.append(len(sources) + nodes.setdefault(key, len(nodes)))
    size = len(sources) + len(nodes)
    links = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(size, size))
    return connected_components(links, directed=False)[1][: len(sources)]


def assign_groups(sources: Sequence[Source], folds: int) -> np.ndarray:
    """The fold of each source, from 1 to ``folds``; folds have about equally many examples.

    The largest group goes first, each to the fold with the fewest examples. Groups of a size are in the order
    of a digest, so that neighbours in the raw data are not treated alike. There must be ``folds`` groups.
    """
    groups = groups_of(sources)
    names: dict[int, str] = {}
    for group, source in zip(groups.tolist(), sources):
        names[group] = min(names.get(group, source.example_id), source.example_id)
    sizes = np.bincount(groups)
    filled = np.zeros(folds, np.int64)
    fold_of_group = np.zeros(len(sizes), np.int64)
    for group in sorted(names, key=lambda group: (-sizes[group], _digest(names[group]))):
        fold = int(np.argmin(filled))
        filled[fold] += sizes[group]
        fold_of_group[group] = fold + 1
    return fold_of_group[groups]


def read_sources(prepared: PreparedData, split: str = "train") -> list[Source]:
    """The source of each example of a split, in record order."""
    names = ("example_id_text", "movie_text", "chat_id_text", "document_text")
    spec = {name: tf.io.FixedLenFeature([], tf.string) for name in names}
    records = serialised(prepared.shards(split)).batch(_BATCH)
    batches = records.map(lambda batch: tf.io.parse_example(batch, spec))
    found = []
    for batch in batches.as_numpy_iterator():
        for example_id, movie, chat_id, document in zip(*(batch[name] for name in names)):
            example_id, movie, chat_id = (text.decode("utf-8") for text in (example_id, movie, chat_id))
            found.append(Source(example_id, movie, chat_id, _digest(document)))
    return found


def _assign(sources: Sequence[Source], folds: int, prepared: PreparedData) -> np.ndarray:
    numbers = assign_groups(sources, folds)
    if len(set(numbers.tolist())) < folds:
        raise UserError(
            f"distill.folds={folds}: more than the {len(set(groups_of(sources).tolist()))} groups of training"
            f" examples in {prepared.folder} that share a movie, chat or document; lower it."
        )
    return numbers


def _digest(text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    return hashlib.sha256(data).hexdigest()
