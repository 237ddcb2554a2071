"""Scores of predicted spans against one or more references, each in 0-100.

``SCORES`` is the table of all scores: every list of scores that is printed or written comes from it. A new
one is a row of it, or a call of ``register_score``.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Callable, Optional

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from pipelines.errors import UserError

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ROUGE = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)


@dataclass(frozen=True)
class Score:
    """A score, computed either of each example or of all examples together.

    Attributes:
        name: key in ``result.json``, reports and CSV files.
        title: for people.
        short_title: for the terminal, which has room for about six characters.
        definition: in a sentence, without a full stop.
        of_example: (prediction, references) -> float in 0-1; the score is the mean over the examples x 100.
            Only such a score has bootstrap intervals.
        of_all: (predictions, references of each) -> float in 0-100.
        holle: how the scripts in Holl-E's repository (metrics/) differ, or "".
        higher_is_better: whether the largest value of a column is the best one.
    """

    name: str
    title: str
    short_title: str
    definition: str
    of_example: Optional[Callable[[str, Sequence[str]], float]] = None
    of_all: Optional[Callable[[Sequence[str], Sequence[Sequence[str]]], float]] = None
    holle: str = ""
    higher_is_better: bool = True


SCORES: dict[str, Score] = {}


def register_score(score: Score) -> None:
    """Add a score to the table. Runs that were scored earlier show "-" until they are evaluated again.

    Raises:
        ValueError: another score has that name, or there is not exactly one way to compute it.
    """
    if (score.of_example is None) == (score.of_all is None):
        raise ValueError(f"score {score.name!r}: give either of_example or of_all")
    if SCORES.setdefault(score.name, score) is not score:
        raise ValueError(f"two scores are called {score.name!r}")


def normalize_answer(text: str) -> str:
    """Lower case, without ASCII punctuation, articles and surplus white space (SQuAD v1.1)."""
    # In the official order: punctuation goes first, so that "a." is an article as well.
    without_punctuation = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", without_punctuation).split())


def token_f1(prediction: str, reference: str) -> float:
    """F1 in 0-1 of the two bags of normalised tokens; 0 if they share none (so also if both are empty).

    The reference "" says that there is no answer: 1 if nothing is predicted, else 0 (SQuAD 2.0).
    """
    if not reference:
        return _says_nothing(prediction)
    predicted = normalize_answer(prediction).split()
    expected = normalize_answer(reference).split()
    shared = sum((Counter(predicted) & Counter(expected)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(expected)
    return 2 * precision * recall / (precision + recall)


def exact_match(prediction: str, reference: str) -> bool:
    """Whether both are equal after normalisation.

    An empty prediction, which is no answer, equals only the reference "" (no answer).
    """
    if not reference:
        return bool(_says_nothing(prediction))
    return bool(prediction.strip()) and normalize_answer(prediction) == normalize_answer(reference)


def score_predictions(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, float]:
    """Every score of ``SCORES``, by name.

    Args:
        predictions: one text per example; an empty one scores 0 and stays in the denominator.
        references: the accepted texts of each example, at least one; their number may vary. [""] says that
            there is no answer.

    Raises:
        UserError: nothing to score, lists of different lengths, or an example without a reference.
    """
    _check(predictions, references)
    totals = {name: 0.0 for name, score in SCORES.items() if score.of_example}
    for prediction, texts in zip(predictions, references):
        for name in totals:  # of one example at a time, since the ROUGE scores share their work
            totals[name] += score_of_example(SCORES[name], prediction, texts)
    return {
        name: score.of_all(predictions, references)
        if score.of_all
        else 100.0 * totals[name] / len(predictions)
        for name, score in SCORES.items()
    }


def score_of_example(score: Score, prediction: str, references: Sequence[str]) -> float:
    """The score of one example in 0-1.

    Raises:
        ValueError: the score is one of all examples together.
    """
    if score.of_example is None:
        raise ValueError(f"the score {score.name!r} is not a mean over examples")
    return score.of_example(prediction, references)


def _says_nothing(prediction: str) -> float:
    return float(not normalize_answer(prediction))


def _best(of_pair: Callable[[str, str], float], prediction: str, references: Sequence[str]) -> float:
    return float(max(of_pair(prediction, reference) for reference in references))


def _rouge(kind: str, prediction: str, reference: str) -> float:
    if not reference:
        return _says_nothing(prediction)
    return _rouge_of_pair(prediction, reference)[kind].fmeasure


@lru_cache(maxsize=1024)  # at least the references of one example
def _rouge_of_pair(prediction: str, reference: str) -> Any:
    return _ROUGE.score(reference, prediction)


def _bleu(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    return BLEU().corpus_score(list(predictions), _reference_streams(references)).score


def _reference_streams(references: Sequence[Sequence[str]]) -> list[Any]:
    """sacrebleu's layout: the n-th references of all examples together, None where an example has fewer."""
    most = max(len(texts) for texts in references)
    return [[texts[n] if n < len(texts) else None for texts in references] for n in range(most)]


def _check(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if len(predictions) != len(references):
        raise UserError(
            f"{len(predictions)} predictions for {len(references)} lists of references: give one list of "
            "references per prediction, in the same order"
        )
    if not predictions:
        raise UserError("there is no prediction to score: the split or the predictions file is empty")
    for index, texts in enumerate(references):
        if isinstance(texts, str) or not texts:
            raise UserError(f"prediction {index} has no list of references: give at least one reference text")


for _score in (
    Score(
        "f1",
        "F1",
        "F1",
        "SQuAD v1.1 token F1: lower case, no punctuation or articles, best reference, mean x 100",
        of_example=partial(_best, token_f1),
        holle="keeps articles and punctuation, which NLTK makes tokens of their own",
    ),
    Score(
        "em",
        "EM",
        "EM",
        "SQuAD v1.1 exact match after the same normalisation, best reference, mean x 100",
        of_example=partial(_best, exact_match),
        holle="has no exact match",
    ),
    Score(
        "bleu4",
        "BLEU-4",
        "BLEU-4",
        "sacrebleu corpus BLEU-4: 13a tokens, case kept, exponential smoothing, all references",
        of_all=_bleu,
        holle="multi-bleu.perl without smoothing, words split at spaces; of several references the best, per "
        "example, averaged over examples, and only references are put into lower case",
    ),
    Score(
        "rouge1",
        "ROUGE-1",
        "R-1",
        "rouge-score ROUGE-1 F-measure, no stemming, best reference, mean x 100",
        of_example=partial(_best, partial(_rouge, "rouge1")),
        holle="counts each word once, split at spaces; takes the reference with the best ROUGE-L",
    ),
    Score(
        "rouge2",
        "ROUGE-2",
        "R-2",
        "rouge-score ROUGE-2 F-measure, no stemming, best reference, mean x 100",
        of_example=partial(_best, partial(_rouge, "rouge2")),
        holle="counts each pair once, split at spaces; takes the reference with the best ROUGE-L",
    ),
    Score(
        "rougeL",
        "ROUGE-L",
        "R-L",
        "rouge-score ROUGE-L (whole text) F-measure, no stemming, best reference, mean x 100",
        of_example=partial(_best, partial(_rouge, "rougeL")),
        holle="weighs precision against recall by beta = precision / recall, words split at spaces",
    ),
):
    register_score(_score)
