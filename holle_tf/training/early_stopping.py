"""The best epoch, and early stopping, by a measure of the dev split."""

from __future__ import annotations

import math
from typing import Any, Mapping, Sequence

from holle_tf.options.training import BEST_BY

Line = Mapping[str, Any]  # of ``metrics.jsonl``


def is_better(line: Line, earlier: Sequence[Line], best_by: str) -> bool:
    """Whether an epoch is better than all ``earlier`` ones; the first epoch always is.

    Args:
        best_by: key of ``BEST_BY``.
    """
    return all(_merit(line, best_by) > _merit(other, best_by) for other in earlier)


def best_line(lines: Sequence[Line], best_by: str) -> Line:
    """The line of the best epoch, whose weights are kept; of equal ones, the first."""
    return max(lines, key=lambda line: _merit(line, best_by))


def out_of_patience(lines: Sequence[Line], patience: int, best_by: str) -> bool:
    """Whether none of the last ``patience`` epochs was better than the best before them."""
    return bool(lines) and len(lines) - 1 - lines.index(best_line(lines, best_by)) >= patience


def _merit(line: Line, best_by: str) -> float:
    """The measure with its sign chosen so that more is better; a nan is worse than any number."""
    value = line[BEST_BY[best_by]]
    merit = -value if best_by == "nll" else value
    return -math.inf if math.isnan(merit) else float(merit)
