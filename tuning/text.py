"""How keys are called in tables and pictures."""

from __future__ import annotations

from typing import Sequence


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Keys by their last part, where that says which is meant."""
    last = [key.rsplit(".", 1)[-1] for key in keys]
    return {key: name if last.count(name) == 1 else key for key, name in zip(keys, last)}
