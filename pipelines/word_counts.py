"""From the words of all texts to the vocabularies and word vectors of a prepared folder."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipelines.errors import UserError
from pipelines.glove import embedding_matrix, read_glove
from pipelines.options import DataConfig
from pipelines.tokenizer import lookup_form, token_texts
from pipelines.vocabulary import Vocabulary, build_char_vocabulary, build_word_vocabulary

NO_GLOVE = "none"


class WordCounts(NamedTuple):
    """How often each lookup form, and each character of the words, occurs in some texts."""

    forms: Counter
    chars: Counter


class Vocabularies(NamedTuple):
    """The vocabularies of a prepared folder, and their description for its manifest."""

    words: Vocabulary
    chars: Vocabulary
    description: dict[str, Any]

    def line(self) -> str:
        """The description for people."""
        shares = self.description["coverage"].items()
        covered = ", ".join(f"{100 * share:.1f} % {split}" for split, share in shares)
        return (
            f"{len(self.words)} words, {len(self.chars)} characters; "
            f"words of the texts that have a vector: {covered}"
        )


def count_words(texts: Iterable[str], rules: str) -> WordCounts:
    """Counts of the words of some texts, by the rules of ``tokenizer.word_pattern``."""
    tokens: Counter = Counter()
    for text in texts:
        tokens.update(token_texts(text.replace("\0", "\ufffd"), rules))  # as `encode` does
    counts = WordCounts(Counter(), Counter())
    for token, n in tokens.items():
        counts.forms[lookup_form(token)] += n
        for char in token:
            counts.chars[char] += n
    return counts


def save_vocabularies(
    folder: Path, counts: Mapping[str, WordCounts], config: DataConfig, glove: str
) -> Vocabularies:
    """Choose the words and characters, and write ``words.txt``, ``chars.txt`` and ``embeddings.npy``.

    Args:
        folder: existing folder.
        counts: by split; a text that many examples share counts once.
        config: options of the data.
        glove: GloVe file, or ``NO_GLOVE`` to learn the vectors of the words of train.

    Raises:
        UserError: the GloVe file is missing or broken, or has too few of the words of train.
    """
    if glove == NO_GLOVE:  # only what training sees can be learned
        vectors: dict[str, np.ndarray] = {}
        words = build_word_vocabulary(counts["train"].forms, None, config.min_word_count, config.has_null)
    else:
        total = sum((each.forms for each in counts.values()), Counter())
        vectors = read_glove(glove, set(total), config.word_dim)
        words = build_word_vocabulary(total, set(vectors), 1, config.has_null)
        covered = _coverage(counts["train"].forms, words)
        if covered < config.min_coverage:
            raise UserError(
                f"{glove}: has vectors of {100 * covered:.1f} % of the words of the train texts, less than "
                f"{100 * config.min_coverage:g} %; take vectors of their language, or go on with these by "
                f"--set data.min_coverage={math.floor(100 * covered) / 100:g}"
            )
    chars = build_char_vocabulary(counts["train"].chars, config.min_char_count)
    words.save(folder / "words.txt")
    chars.save(folder / "chars.txt")
    np.save(folder / "embeddings.npy", embedding_matrix(words, vectors, config.word_dim))
    coverage = {split: _coverage(each.forms, words) for split, each in counts.items()}
    return Vocabularies(words, chars, {"words": len(words), "chars": len(chars), "coverage": coverage})


def _coverage(counts: Counter, words: Vocabulary) -> float:
    return sum(n for form, n in counts.items() if form in words) / max(1, sum(counts.values()))
