"""Early stopping, by the F1 of the dev split."""

from __future__ import annotations

from typing import Any, Mapping, Sequence


def out_of_patience(lines: Sequence[Mapping[str, Any]], patience: int) -> bool:
    """Whether none of the last ``patience`` epochs in ``metrics.jsonl`` improved the best dev F1."""
    scores = [line["val_f1"] for line in lines]
    return bool(scores) and len(scores) - 1 - scores.index(max(scores)) >= patience
