"""Options of decoding and scoring."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.option import option


@dataclass(frozen=True)
class EvaluationConfig:
    """How spans are decoded and scored."""

    max_span: int = option(64, "words of the longest span that can be predicted", positive=True)
    n_best: int = option(5, "spans that --mode=predict lists", positive=True)
    batch_size: int = option(32, "examples in a batch", positive=True)
    null_threshold: float = option(
        0.0,
        "with data.unanswerable=learn: the probability of no answer, against the best span, above which a"
        " model says that there is none; 0 = the best one on dev, which a run keeps",
        at_most=1,
    )
