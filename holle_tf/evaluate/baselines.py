"""Predictors without training, the points of reference for every score.

``tfidf_sentence`` and ``overlap_sentence`` are the ones that read the query.
"""

from __future__ import annotations

import logging
import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Callable

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.pipeline import make_pipeline

from holle_tf.evaluate.scores import normalize_answer, token_f1
from pipelines.errors import UserError
from pipelines.example import Example
from pipelines.word_keys import STEM_CHARS

logger = logging.getLogger(__name__)

RANDOM_SPAN_WORDS = 12

# A sentence ends at a line break, or at white space behind . ! or ? and what may close after it.
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'\u2019\u201d)\]]*\s+|\s*\n\s*")
_MEDOID_BLOCK = 512  # rows of the pairwise F1 matrix that are in memory at once


def sentences(document: str) -> list[str]:
    """Sentences as the document writes them, trimmed; ``[document]`` if there is none."""
    found, begin = [], 0
    for match in _SENTENCE_END.finditer(document):
        end = match.start() + len(match.group().rstrip())  # closing quotes belong to the sentence
        found.append(document[begin:end].strip())
        begin = match.end()
    found.append(document[begin:].strip())
    return [text for text in found if text] or [document]


def random_span(test: Sequence[Example], seed: int = 0) -> list[str]:
    """12 consecutive words of the document, every place equally likely."""
    generator = random.Random(seed)
    predictions = []
    for example in test:
        words = [match.span() for match in re.finditer(r"\S+", example.document)]
        first = generator.randint(0, max(len(words) - RANDOM_SPAN_WORDS, 0))
        chosen = words[first : first + RANDOM_SPAN_WORDS]
        predictions.append(example.document[chosen[0][0] : chosen[-1][1]] if chosen else "")
    return predictions


def first_sentence(test: Sequence[Example]) -> list[str]:
    """The first sentence of the document."""
    return [sentences(example.document)[0] for example in test]


def tfidf_sentence(train: Sequence[Example], test: Sequence[Example]) -> list[str]:
    """The sentence nearest to the query by TF-IDF cosine.

    If no sentence shares a word with the query, the histories decide; if none shares a word with those
    either, it is the first sentence. (Always adding the histories scores lower: they repeat what was said.)
    """
    vectorizer = _fit_tfidf(train)
    return [_nearest_sentence(example, vectorizer.transform, vectorizer.transform) for example in test]


def overlap_sentence(train: Sequence[Example], test: Sequence[Example]) -> list[str]:
    """The sentence that shares most with the query: the sum of the IDF of the stems that both have.

    A stem is the beginning of a word, as in ``pipelines.word_keys``. Unlike a cosine, the sum favours long
    sentences. Histories and ties are treated as by ``tfidf_sentence``.
    """
    # Hashed, so that a stem which the training data lack, such as that of a new name, counts as the rarest.
    mark = HashingVectorizer(analyzer=_stems, binary=True, norm=None, alternate_sign=False)
    weigh = make_pipeline(mark, TfidfTransformer(norm=None)).fit(_distinct_sentences(train))
    return [_nearest_sentence(example, weigh.transform, mark.transform) for example in test]


def span_popularity(train: Sequence[Example], test: Sequence[Example]) -> list[str]:
    """What is most often said about the movie, whatever the query.

    For a movie seen in training: the movie's training spans in order of their summed token F1 to each
    other, the first of them (the medoid) first; the first one that the document has. If it has none, the
    sentence with the largest token F1 to the medoid. For a movie not seen in training: the sentence whose
    TF-IDF vector is nearest to the mean of all training spans.
    """
    spans: dict[str, list[str]] = defaultdict(list)
    for example in train:
        spans[example.movie].append(example.answer)
    movies = {example.movie for example in test} & set(spans)
    popular = {movie: by_popularity(spans[movie]) for movie in movies}
    unseen: Callable[[str], str] | None = None
    predictions = []
    for example in test:
        if example.movie in popular:
            predictions.append(_most_popular_in(example.document, popular[example.movie]))
        else:
            unseen = unseen or _popular_sentence(train)
            predictions.append(unseen(example.document))
    return predictions


def run_baselines(train: Sequence[Example], test: Sequence[Example], seed: int = 0) -> dict[str, list[str]]:
    """Predictions of every baseline, one text per test example, by name.

    Raises:
        UserError: no training or no test example.
    """
    for split, examples in (("train", train), ("test", test)):
        if not examples:
            raise UserError(
                f"the baselines need at least one {split} example, there is none in the prepared data"
            )
    runs: list[tuple[str, Callable[[], list[str]]]] = [
        ("random_span", lambda: random_span(test, seed)),
        ("first_sentence", lambda: first_sentence(test)),
        ("tfidf_sentence", lambda: tfidf_sentence(train, test)),
        ("overlap_sentence", lambda: overlap_sentence(train, test)),
        ("span_popularity", lambda: span_popularity(train, test)),
    ]
    predictions = {}
    for name, run in runs:
        logger.info(f"baseline {name}: {len(test)} examples")
        predictions[name] = run()
    return predictions


def by_popularity(spans: Sequence[str]) -> list[str]:
    """Distinct spans by their summed token F1 to all of ``spans``, the medoid first; equals as given."""
    counts = Counter(spans)
    distinct = list(counts)
    times = np.array([counts[text] for text in distinct], dtype=np.float64)
    bags = _token_bags(distinct)  # (distinct, tokens)
    lengths = np.asarray(bags.sum(axis=1)).ravel()  # (distinct,)
    total = np.zeros(len(distinct))
    for begin in range(0, len(distinct), _MEDOID_BLOCK):
        rows = slice(begin, begin + _MEDOID_BLOCK)
        shared = (bags[rows] @ bags.T).toarray()  # (block, distinct)
        # 2 * shared / (length + length) is the F1 of precision and recall; two empty bags score 0.
        f1 = 2 * shared / np.maximum(lengths[rows, None] + lengths[None, :], 1)
        total[rows] = f1 @ times
    # A span's likeness to itself is 1 for every candidate with a token and thus decides nothing.
    return [distinct[place] for place in np.argsort(-total, kind="stable")]


def _token_bags(texts: Sequence[str]) -> csr_matrix:
    """Bags of normalised tokens as 0/1 rows: the n-th occurrence of a token is a column of its own.

    So the product of two rows is the size of the intersection of the bags, as in ``token_f1``.
    """
    columns: dict[tuple[str, int], int] = {}
    row_of, column_of = [], []
    for row, text in enumerate(texts):
        seen: Counter = Counter()
        for token in normalize_answer(text).split():
            row_of.append(row)
            column_of.append(columns.setdefault((token, seen[token]), len(columns)))
            seen[token] += 1
    ones = np.ones(len(row_of), dtype=np.float64)
    return csr_matrix((ones, (row_of, column_of)), shape=(len(texts), max(len(columns), 1)))


def _most_popular_in(document: str, popular: Sequence[str]) -> str:
    """The first of the spans that the document has, as it writes it, or the sentence most like the medoid."""
    lower = document.lower()
    for span in popular:
        # The plain search is the quick one; the other gives the place, which lower() can move.
        match = (
            re.search(re.escape(span), document, re.IGNORECASE) if span and span.lower() in lower else None
        )
        if match:
            return match.group()
    return max(sentences(document), key=lambda sentence: token_f1(sentence, popular[0]))


def _popular_sentence(train: Sequence[Example]) -> Callable[[str], str]:
    """A function from a document to its sentence most like the training spans taken together."""
    vectorizer = _fit_tfidf(train)
    centre = np.asarray(vectorizer.transform([example.answer for example in train]).mean(axis=0)).ravel()

    def choose(document: str) -> str:
        texts = sentences(document)
        return texts[int((vectorizer.transform(texts) @ centre).argmax())]

    return choose


def _nearest_sentence(
    example: Example,
    weigh: Callable[[list[str]], csr_matrix],
    weigh_asked: Callable[[list[str]], csr_matrix],
) -> str:
    """The sentence with the largest product with the query, or with the histories if all of those are 0.

    Args:
        weigh: sentences -> (sentences, vocabulary).
        weigh_asked: the query and the histories -> (2, vocabulary).
    """
    texts = sentences(example.document)
    asked = [example.query, f"{example.prober_history} {example.responder_history}"]
    similarity = (weigh(texts) @ weigh_asked(asked).T).toarray()  # (sentences, query | histories)
    column = 0 if similarity[:, 0].any() else 1
    return texts[int(similarity[:, column].argmax())]


def _fit_tfidf(train: Sequence[Example]) -> TfidfVectorizer:
    # scikit-learn's own pattern would leave out digits that stand alone.
    return TfidfVectorizer(stop_words="english", token_pattern=r"\w+").fit(_distinct_sentences(train))


def _distinct_sentences(train: Sequence[Example]) -> list[str]:
    # A document comes back with every example of its chat: a sentence counts once.
    return list(dict.fromkeys(text for example in train for text in sentences(example.document)))


def _stems(text: str) -> list[str]:
    return [word[:STEM_CHARS] for word in re.findall(r"\w+", text.lower())]
