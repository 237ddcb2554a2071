"""How likely no answer is against the best span; it needs no other module."""

from __future__ import annotations


def no_answer_share(null_score: float, span_score: float) -> float:
    """How likely no answer is against the best span: 0-1; 1 if there is no span.

    Its log-odds are the difference of the null score and of the best span's score, log p(start) + log p(end)
    each, which BERT's reader of SQuAD 2.0 compares with a threshold.

    Args:
        null_score: p(start) * p(end) of the null position.
        span_score: p(start) * p(end) of the best span.
    """
    null, span = float(null_score), float(span_score)  # not in single precision, which is 1 above 0.9999999
    return null / (null + span) if span > 0 else 1.0
