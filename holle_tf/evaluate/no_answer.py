"""Questions without an answer: when a model says so, and the scores of SQuAD 2.0 (Rajpurkar et al., 2018).

Definitions are those of the official ``evaluate-v2.0.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, Sequence

import numpy as np

from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.scores import exact_match, token_f1

UNANSWERABLE = [""]  # the references of a question without an answer
NO_SPAN = -1  # first and last word of a prediction of no answer


class BestThreshold(NamedTuple):
    """The threshold that gives the best score.

    Attributes:
        value: 0-1; a question counts as unanswerable if its ``no_answer`` is above.
        score: 0-100, the score that it gives.
    """

    value: float
    score: float


def is_unanswerable(prediction: SpanPrediction) -> bool:
    """Whether the label of an example says that there is no answer."""
    return prediction.references == UNANSWERABLE


def decided(prediction: SpanPrediction, threshold: float) -> SpanPrediction:
    """What a model predicts at a threshold: its best span or, if ``no_answer`` is above it, nothing.

    Args:
        prediction: with ``best_span`` and ``no_answer``; ``start`` and ``end`` are those of the best span.
    """
    assert prediction.best_span is not None and prediction.no_answer is not None
    f1 = 100.0 * max(token_f1(prediction.best_span, text) for text in prediction.references)
    if prediction.no_answer <= threshold:
        return replace(prediction, prediction=prediction.best_span, f1=f1)
    f1 = 100.0 * max(token_f1("", text) for text in prediction.references)
    return replace(prediction, prediction="", start=NO_SPAN, end=NO_SPAN, f1=f1)


def best_threshold(predictions: Sequence[SpanPrediction], score: str = "f1") -> BestThreshold:
    """The threshold with the best score, as ``find_best_thresh`` of the official scorer.

    The official threshold is the ``no_answer`` of an example. This one lies halfway to the next, so that it
    decides all examples alike even if their values are rounded. Of several thresholds, it is the lowest.

    Args:
        predictions: with ``best_span`` and ``no_answer``.
        score: f1 | em.
    """
    shares = np.array([prediction.no_answer for prediction in predictions], np.float64)
    order = np.argsort(shares, kind="stable")
    shares = shares[order]
    gains = np.array([_gain(predictions[place], score) for place in order])
    # totals[k]: the first k examples are answered, and the others are not.
    totals = np.concatenate([[0.0], np.cumsum(gains)]) + sum(map(is_unanswerable, predictions))
    possible = np.concatenate([[True], shares[1:] > shares[:-1], [True]])
    best = int(np.argmax(np.where(possible, totals, -np.inf)))
    if best == len(shares):
        value = 1.0
    else:
        below = float(shares[best - 1]) if best else 0.0
        value = (below + float(shares[best])) / 2
        value = value if value < shares[best] else below
    return BestThreshold(value, 100.0 * float(totals[best]) / len(predictions))


def unanswerable_scores(predictions: Sequence[SpanPrediction], threshold: float) -> dict[str, Any]:
    """The scores of SQuAD 2.0 beside those of all examples, each 0-100.

    Args:
        predictions: decided at ``threshold``.
        threshold: 0-1.

    Returns:
        ``threshold``; ``has_answer`` and ``no_answer``, each with the number of ``examples`` and, if there
        are any, their ``f1`` and ``em``; and ``best_f1`` and ``best_em``, what the best threshold for these
        very examples gives (``BestThreshold`` as a dict).
    """
    groups: dict[str, list[SpanPrediction]] = {"has_answer": [], "no_answer": []}
    for prediction in predictions:
        groups["no_answer" if is_unanswerable(prediction) else "has_answer"].append(prediction)
    found: dict[str, Any] = {"threshold": threshold}
    for name, group in groups.items():
        found[name] = {"examples": len(group)}
        if group:
            found[name]["f1"] = float(np.mean([prediction.f1 for prediction in group]))
            found[name]["em"] = 100.0 * float(
                np.mean([_best_of(exact_match, each.prediction, each) for each in group])
            )
    for score in ("f1", "em"):
        found[f"best_{score}"] = best_threshold(predictions, score)._asdict()
    return found


def unanswerable_lines(found: dict[str, Any]) -> list[str]:
    """What ``unanswerable_scores`` returns, for people."""
    lines = []
    for name, title in (("has_answer", "with an answer"), ("no_answer", "without an answer")):
        group = found[name]
        scores = f": F1 {group['f1']:.2f}, EM {group['em']:.2f}" if group["examples"] else ""
        lines.append(f"{group['examples']:,} examples {title}{scores}")
    best = ", ".join(
        f"{score.upper()} {found[f'best_{score}']['score']:.2f} at {found[f'best_{score}']['value']:.4g}"
        for score in ("f1", "em")
    )
    lines.append(
        f"no answer above {found['threshold']:.4g}; at the best thresholds for these examples: {best}"
    )
    return lines


def _gain(prediction: SpanPrediction, score: str) -> float:
    """What answering adds to the sum of a score, 0-1 for each example."""
    if is_unanswerable(prediction):
        return -1.0 if prediction.best_span else 0.0
    of_pair = exact_match if score == "em" else token_f1
    return _best_of(of_pair, prediction.best_span or "", prediction)


def _best_of(of_pair: Any, text: str, prediction: SpanPrediction) -> float:
    return float(max(of_pair(text, reference) for reference in prediction.references))
