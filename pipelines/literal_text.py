"""The user's texts as they stand: OmegaConf takes ``${...}`` for an interpolation and ``???`` for a gap.

Texts are hidden from it on the way in and shown again on the way out.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, Callable

# Characters for private use, which mean nothing to anybody.
_DOLLAR, _GAP = "\ue0f1\ue0f2", "\ue0f1\ue0f3"


def hidden(text: str) -> str:
    """The text without anything that OmegaConf would interpret."""
    return _GAP if text == "???" else text.replace("${", _DOLLAR + "{")


def shown(text: str) -> str:
    """What was hidden, also within a longer text such as a YAML file."""
    return text.replace(_DOLLAR, "$").replace(_GAP, "???")


def map_texts(change: Callable[[str], str], value: Any) -> Any:
    """A copy of nested dicts, lists and dataclasses with every text in them changed; keys stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: map_texts(change, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map_texts(change, item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [part.name for part in fields(value)]
        new = {name: map_texts(change, getattr(value, name)) for name in names}
        different = {name: item for name, item in new.items() if item != getattr(value, name)}
        return replace(value, **different) if different else value
    return value
