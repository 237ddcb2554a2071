"""Damaged inputs: bytes of files as disks and copies damage them, and JSON with values of other kinds."""

from __future__ import annotations

import copy
import json
from typing import Any, Iterator

from hypothesis import strategies as st

# What broke programs elsewhere.
ODD = (
    "", " ", "\0", "\ufeff", "\ud800", "\u2028", "\x1b[2J", "e\u0301", "\u200b", "NaN", "null", "${x}", "~",
    "\n" * 9, "😀" * 3, "-1", 0, -1, 2**31, 2**63, 10**400, -(10**400), 1e308, float("nan"), float("inf"),
    1.5, True, None, [], {}, [[]], {"": {}}, [None], {"text": None}, {"role": "user", "content": 1},
)  # fmt: skip
_NOTHING = object()
JSON = st.recursive(
    st.sampled_from(ODD) | st.text(max_size=20) | st.integers() | st.floats(),
    lambda inner: (st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=5,
)


@st.composite
def damaged_bytes(draw: Any, raw: bytes) -> bytes:
    """``raw`` with flipped bits, cut off, with a hole, or with bytes too many. It always differs."""
    at = draw(st.integers(0, max(len(raw) - 1, 0)))
    size = draw(st.integers(1, 64))
    kind = draw(st.sampled_from(("flip", "cut", "hole", "zeros", "insert", "twice", "nothing", "other")))
    if kind == "flip" and raw:
        changed = raw[:at] + bytes([raw[at] ^ draw(st.integers(1, 255))]) + raw[at + 1 :]
    elif kind == "cut":
        changed = raw[:at]
    elif kind == "hole":
        changed = raw[:at] + raw[at + size :]
    elif kind == "zeros":
        changed = raw[:at] + bytes(len(raw[at : at + size])) + raw[at + size :]
    elif kind == "twice":
        changed = raw[: at + size] + raw[at:]
    elif kind == "nothing":
        changed = b""
    elif kind == "other":
        changed = draw(st.binary(max_size=200))
    else:
        changed = raw[:at] + draw(st.binary(min_size=1, max_size=size)) + raw[at:]
    return changed if changed != raw else raw + b"\xff"


@st.composite
def damaged_json(draw: Any, content: Any) -> Any:
    """A copy of a JSON value in which up to three places have changed."""
    content = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(content))
        if not places:
            break
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        kind = draw(
            st.sampled_from(("replace", "replace", "delete", "list", "object", "text", "twice", "rename"))
        )
        value = holder[key]
        if kind == "replace":
            # A copy: a value of ODD that is put into itself would have no end.
            holder[key] = copy.deepcopy(draw(st.sampled_from(ODD) | JSON))
        elif kind == "delete":
            del holder[key]
        elif kind == "list":
            holder[key] = [value]
        elif kind == "object":
            holder[key] = {draw(st.text(max_size=5)): value}
        elif kind == "text":
            holder[key] = json.dumps(value)
        elif kind == "twice" and isinstance(value, (str, list)):
            holder[key] = value + value
        elif kind == "rename" and isinstance(holder, dict):
            holder[draw(st.text(max_size=8))] = holder.pop(key)
    return content


def with_odd_values(content: Any) -> Iterator[tuple[str, Any]]:
    """Copies of a JSON value, each with another of ``ODD`` in one place, or without that place."""
    for number in range(len(list(_places(content)))):
        for value in (*ODD, _NOTHING):
            changed = copy.deepcopy(content)
            holder, key = list(_places(changed))[number]
            if value is _NOTHING:
                del holder[key]
            else:
                holder[key] = copy.deepcopy(value)
            yield f"{key!r}: {str(value)[:40]!r}", changed


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every value within a JSON value, as the list or object that holds it and its place there."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in list(items):
        yield content, key
        if isinstance(value, (dict, list)):
            yield from _places(value)
