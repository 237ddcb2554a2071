"""Finds the documents of a store that share the rarest words with a query, by BM25 (the package bm25s)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Iterable

import bm25s
import numpy as np
from bm25s.stopwords import STOPWORDS_EN

from pipelines.files import atomic_folder
from pipelines.tokenizer import lookup_form, token_texts
from pipelines.word_keys import STEM_CHARS

FOLDER = "search"
logging.getLogger("bm25s").setLevel(logging.WARNING)  # it says in its own format what it does
_STOP = frozenset(STOPWORDS_EN)


def terms(text: str) -> list[str]:
    """The words of a text by their first letters, without marks and English stop words."""
    forms = map(lookup_form, token_texts(text))
    return [form[:STEM_CHARS] for form in forms if form[0].isalnum() and form not in _STOP]


def write_search(folder: Path, texts: Iterable[str]) -> list[str]:
    """Write the index of a store.

    Args:
        folder: of the store.
        texts: of all documents, in their order.

    Returns:
        Names of the files within ``folder``.
    """
    index = bm25s.BM25()
    index.index([terms(text) for text in texts], show_progress=False)
    with atomic_folder(folder / FOLDER) as scratch:
        index.save(scratch, show_progress=False)
    return sorted(f"{FOLDER}/{path.name}" for path in (folder / FOLDER).iterdir())


class Search:
    """The index of a store. Several threads may use it."""

    def __init__(self, folder: Path, documents: int):
        self._index = bm25s.BM25.load(folder / FOLDER, mmap=True, show_progress=False)
        self._documents = documents

    def best(self, query: str, most: int) -> list[tuple[int, float]]:
        """Numbers of the best documents and their scores, best first; none without a word of the query."""
        words = [word for word in terms(query) if word in self._index.vocab_dict]
        if not words:
            return []
        k = min(most, self._documents)
        places, scores = self._index.retrieve([words], k=k, show_progress=False, n_threads=0)
        return [(int(place), float(score)) for place, score in zip(places[0], scores[0]) if score > 0]


def mixed_scores(probabilities: Iterable[float], bm25: Iterable[float], weight: float) -> np.ndarray:
    """How good the answers of several documents to the same query are.

    Args:
        probabilities: of the best span of each document.
        bm25: scores of the documents.
        weight: of the share of the best score of BM25, beside the logarithm of the probability; 0 = leave
            BM25 out.
    """
    scores = np.fromiter(bm25, float)
    shares = scores / max(scores.max(initial=0.0), 1e-9)
    return np.log(np.maximum(np.fromiter(probabilities, float), 1e-9)) + weight * shares
