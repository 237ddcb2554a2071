"""How much is tried, and what counts as right: one line of error, or an answer."""

from __future__ import annotations

import os
from typing import Any, Callable

from hypothesis import HealthCheck, settings

from pipelines.errors import UserError

REFUSED = object()  # what ``answer_of`` returns for an input that was refused
_LONGEST = 4000  # characters of an error
# ``make fuzz`` repeats the tests for as long as it has, each time with other examples, and more of them.
FUZZING = bool(os.environ.get("FUZZ_MINUTES"))
_MORE = 20


def examples(number: int) -> settings:
    """Settings of a property: so many examples, always the same; ``make fuzz`` has more, and others."""
    return settings(
        max_examples=number * (_MORE if FUZZING else 1),
        derandomize=not FUZZING,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def answer_of(call: Callable[[], Any]) -> Any:
    """What a call returns, or ``REFUSED`` if it raises a UserError of one line. Other exceptions pass."""
    try:
        return call()
    except UserError as error:
        text = str(error)
        assert len(text.splitlines()) == 1 and text.isprintable(), repr(text)
        assert len(text) <= _LONGEST
        return REFUSED
