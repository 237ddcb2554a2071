"""Scores of predicted spans against one or more references, each in 0-100.

One definition per column, named in ``SCORE_DEFINITIONS`` so that a report can say which one it shows.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any, Callable

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from pipelines.errors import UserError

SCORE_DEFINITIONS: dict[str, str] = {
    "f1": "SQuAD v1.1 token F1: lower case, no punctuation or articles, best reference, mean x 100",
    "em": "SQuAD v1.1 exact match after the same normalisation, best reference, mean x 100",
    "bleu4": "sacrebleu corpus BLEU-4: 13a tokens, case kept, exponential smoothing, all references",
    "rouge1": "rouge-score ROUGE-1 F-measure, no stemming, best reference, mean x 100",
    "rouge2": "rouge-score ROUGE-2 F-measure, no stemming, best reference, mean x 100",
    "rougeL": "rouge-score ROUGE-L (whole text) F-measure, no stemming, best reference, mean x 100",
}

# Where the scripts in the Holl-E repository (metrics/) count otherwise.
HOLLE_DIFFERENCES: dict[str, str] = {
    "f1": "keeps articles and punctuation, which NLTK makes tokens of their own",
    "em": "has no exact match",
    "bleu4": "multi-bleu.perl without smoothing, words split at spaces; of several references the best, per "
    "example, averaged over examples, and only references are put into lower case",
    "rouge1": "counts each word once, split at spaces; takes the reference with the best ROUGE-L",
    "rouge2": "counts each pair once, split at spaces; takes the reference with the best ROUGE-L",
    "rougeL": "weighs precision against recall by beta = precision / recall, words split at spaces",
}

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ROUGE_TYPES = ["rouge1", "rouge2", "rougeL"]


def normalize_answer(text: str) -> str:
    """Lower case, without ASCII punctuation, articles and surplus white space (SQuAD v1.1)."""
    # The order is the official one: punctuation goes first, so that "a." is an article as well.
    without_punctuation = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", without_punctuation).split())


def token_f1(prediction: str, reference: str) -> float:
    """F1 in 0-1 of the two bags of normalised tokens; 0 if they share none (so also if both are empty)."""
    predicted = normalize_answer(prediction).split()
    expected = normalize_answer(reference).split()
    shared = sum((Counter(predicted) & Counter(expected)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(expected)
    return 2 * precision * recall / (precision + recall)


def exact_match(prediction: str, reference: str) -> bool:
    """Whether both are equal once normalised; never for an empty prediction, which is no answer."""
    return bool(prediction.strip()) and normalize_answer(prediction) == normalize_answer(reference)


def score_predictions(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, float]:
    """All columns of ``SCORE_DEFINITIONS`` for a list of predictions.

    Args:
        predictions: one text per example; an empty one scores 0 and stays in the denominator.
        references: the accepted texts of each example, at least one; their number may vary.

    Raises:
        UserError: nothing to score, lists of different lengths, or an example without a reference.
    """
    _check(predictions, references)
    pairs = list(zip(predictions, references))
    scores = {
        "f1": _mean_of_best(pairs, token_f1),
        "em": _mean_of_best(pairs, exact_match),
        "bleu4": BLEU().corpus_score(list(predictions), _reference_streams(references)).score,
    }
    scorer = RougeScorer(_ROUGE_TYPES, use_stemmer=False)
    best = {name: 0.0 for name in _ROUGE_TYPES}
    for prediction, texts in pairs:
        results = [scorer.score(text, prediction) for text in texts]
        for name in _ROUGE_TYPES:
            best[name] += max(result[name].fmeasure for result in results)
    scores.update({name: 100.0 * total / len(pairs) for name, total in best.items()})
    return scores


def _mean_of_best(pairs: Sequence[tuple[str, Sequence[str]]], score: Callable[[str, str], float]) -> float:
    return (
        100.0
        * sum(max(score(prediction, text) for text in texts) for prediction, texts in pairs)
        / len(pairs)
    )


def _reference_streams(references: Sequence[Sequence[str]]) -> list[Any]:
    """sacrebleu's layout: n-th references of all examples together, None where an example has fewer."""
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
