"""A log that no client can fill: of faults of one kind, a line a minute."""

from __future__ import annotations

import logging
import time
from typing import Hashable

_SECONDS = 60.0
_KINDS = 1000  # that are remembered


class Repeats(logging.Filter):
    """Lets a fault pass once in a while, with the number of those that it left out since.

    Two records are of one kind if they have the same message, before arguments are filled in, and the same
    exception from the same place.
    """

    def __init__(self, seconds: float = _SECONDS):
        super().__init__()
        self._seconds = seconds
        self._seen: dict[Hashable, tuple[float, int]] = {}  # time of the last that passed; left out since

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged."""
        if len(self._seen) > _KINDS:
            self._seen.clear()
        kind, now = _kind(record), time.monotonic()
        last, left_out = self._seen.get(kind, (float("-inf"), 0))
        if now - last < self._seconds:
            self._seen[kind] = (last, left_out + 1)
            return False
        self._seen[kind] = (now, 0)
        if left_out:
            record.msg = f"{str(record.msg).rstrip()} (and {left_out:,} times since the last such line)"
        return True


def _kind(record: logging.LogRecord) -> Hashable:
    error, place = (record.exc_info or (None, None, None))[1:]
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    line = (place.tb_frame.f_code.co_filename, place.tb_lineno) if place is not None else None
    return record.name, str(record.msg), type(error), line


def limit_repeats(*names: str) -> None:
    """Limit the faults that each of these loggers writes."""
    for name in names:
        logger = logging.getLogger(name)
        for old in [known for known in logger.filters if isinstance(known, Repeats)]:
            logger.removeFilter(old)
        logger.addFilter(Repeats())
