"""``option``: a field of an options class with its default, its meaning and its values, in one line."""

from __future__ import annotations

import copy
from dataclasses import Field, field, fields, is_dataclass
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Optional, Union

from pipelines.errors import UserError

Choices = Union[Iterable[str], Callable[[], Iterable[str]]]


class Allowed(NamedTuple):
    """The values that an option takes, of those of its type.

    Attributes:
        choices: the only values, or a function that returns them (a registry can grow); None = any.
        positive: a number above zero; without it, numbers are zero or more.
        at_most, below: upper bounds of a number; None = no bound.
    """

    choices: Optional[Choices] = None
    positive: bool = False
    at_most: Optional[float] = None
    below: Optional[float] = None

    def listed(self) -> Optional[tuple[str, ...]]:
        """The choices at present; None if any value will do."""
        if self.choices is None:
            return None
        return tuple(self.choices() if callable(self.choices) else self.choices)

    def fault(self, value: Any) -> str:
        """What is wrong with ``value``; empty if nothing is."""
        listed = self.listed()
        if listed is not None:
            named = ", ".join(choice or "''" for choice in listed)
            return "" if value in listed else f"not among the choices ({named})"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return ""
        if self.positive and not value > 0:
            return "has to be positive"
        if not value >= 0:
            return "has to be zero or more"
        if self.at_most is not None and value > self.at_most:
            return f"has to be at most {_number(self.at_most)}"
        if self.below is not None and value >= self.below:
            return f"has to be below {self.below:g}"
        return ""

    def described(self) -> str:
        """The values for people, such as ``add | mul`` or ``> 0, <= 1``; empty if any will do."""
        listed = self.listed()
        if listed is not None:
            return " | ".join(choice or "''" for choice in listed)
        bounds = [
            "> 0" if self.positive else ">= 0" if self.below is not None or self.at_most is not None else "",
            f"<= {_number(self.at_most)}" if self.at_most is not None else "",
            f"< {self.below:g}" if self.below is not None else "",
        ]
        return ", ".join(filter(None, bounds))


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


ANY = Allowed()


def option(
    default: Any,
    text: str,
    *,
    choices: Optional[Choices] = None,
    positive: bool = False,
    at_most: Optional[float] = None,
    below: Optional[float] = None,
) -> Any:
    """A field of an options class.

    Args:
        default: its value if none is given; a list or dict is copied for each object.
        text: what it means, with its unit.
        choices, positive, at_most, below: see ``Allowed``.
    """
    metadata = {"text": text, "allowed": Allowed(choices, positive, at_most, below)}
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: copy.deepcopy(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def text_of(described: Field[Any]) -> str:
    """The meaning of an option."""
    return str(described.metadata.get("text", ""))


def allowed_of(described: Field[Any]) -> Allowed:
    """The values that an option takes."""
    allowed = described.metadata.get("allowed", ANY)
    assert isinstance(allowed, Allowed)
    return allowed


def options_of(options: Any, prefix: str = "") -> Iterator[tuple[str, Field[Any], Any]]:
    """Dotted key, field and value of every option of an options object and of those within it."""
    for described in fields(options):
        key, value = prefix + described.name, getattr(options, described.name)
        if is_dataclass(value):
            yield from options_of(value, f"{key}.")
        else:
            yield key, described, value


def check_options(options: Any, prefix: str = "") -> None:
    """Raise a UserError that names the first option of an options object whose value is not allowed.

    An options class can have a method ``fault() -> str`` that checks several options together. It returns
    what is wrong, beginning with the name of an option, or an empty string.
    """
    for described in fields(options):
        key, value = prefix + described.name, getattr(options, described.name)
        if is_dataclass(value):
            check_options(value, f"{key}.")
        elif isinstance(value, list) and any(isinstance(item, (list, dict)) for item in value):
            raise UserError(f"{key}={value}: a list of single values is expected.")
        elif fault := allowed_of(described).fault(value):
            raise UserError(f"{key}={value}: {fault}.")
    together = getattr(options, "fault", None)
    if together is not None and (fault := together()):
        raise UserError(f"{prefix}{fault}.")
