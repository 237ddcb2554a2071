"""Values of JSON records, as texts and offsets."""

from __future__ import annotations

import math
import re
from typing import Any, Mapping, Optional

from pipelines.example import Unusable

# Half of a surrogate pair: JSON can escape it, UTF-8 cannot encode it. U+FFFD is as long, so offsets hold.
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_WHOLE_NUMBER = re.compile(r"([0-9]{1,15})(\.0+)?")


def as_text(value: Any) -> str:
    """A JSON value as text that UTF-8 can encode: numbers are spelled out, any other value gives "".

    NaN and infinity are no texts: pandas and NumPy write them where a value is missing.
    """
    if isinstance(value, bool):
        return ""
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)


def as_passage(value: Any) -> str:
    """``as_text`` of a value that may also be a list of paragraphs, which are joined by line feeds.

    A paragraph can be an object with its text under "text" or "content". If any paragraph has no text, so has
    the passage.
    """
    if not isinstance(value, list):
        return as_text(value)
    texts = [_paragraph(item) for item in value]
    return "\n".join(text for text in texts if text is not None) if None not in texts else ""


def _paragraph(item: Any) -> Optional[str]:
    if isinstance(item, Mapping):
        item = item.get("text", item.get("content", []))
    text = as_text(item)
    return text if text or item == "" or is_missing(item) else None


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: null, or NaN as pandas writes it."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def required_text(record: Mapping[str, Any], key: str) -> str:
    """The text under ``key``.

    Raises:
        Unusable: it is missing, not a text, or blank.
    """
    value = record.get(key)
    if is_missing(value):
        raise Unusable(f"'{key}' is missing")
    text = as_text(value)
    if not text and value != "":
        raise Unusable(f"'{key}' is not a text")
    if not text.strip():
        raise Unusable(f"'{key}' is empty")
    return text


def as_offset(value: Any) -> Optional[int]:
    """A character offset, or None for anything but a whole number.

    A text may hold the number, also as "7.0", which pandas writes where a column has missing values.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        number = _WHOLE_NUMBER.fullmatch(value.strip())
        return int(number.group(1)) if number else None
    return value if isinstance(value, int) else None
