"""The forms in which a request may give a text."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Dict, List, Union

from pydantic import BeforeValidator, WithJsonSchema

from pipelines.json_values import as_passage

_B64 = {
    "type": "object",
    "properties": {"b64": {"type": "string", "format": "byte"}},
    "required": ["b64"],
    "additionalProperties": False,
}


def _decoded(value: Any) -> Any:
    """The text of ``{"b64": ...}``, which TensorFlow Serving takes for a string; other values as they are."""
    if not isinstance(value, dict) or list(value) != ["b64"] or not isinstance(value["b64"], str):
        return value
    coded = "".join(value["b64"].split())
    try:
        found = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("'b64' is not base64") from error
    return found.decode("utf-8", "replace")


def _joined(value: Any) -> Any:
    """The paragraphs of a list as one text, as ``predict`` joins them."""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return as_passage(value)
    return _decoded(value)


def _none_as_empty(value: Any) -> Any:
    return "" if value is None else _decoded(value)


Text = Annotated[str, BeforeValidator(_decoded), WithJsonSchema({"anyOf": [{"type": "string"}, _B64]})]
History = Annotated[
    str,
    BeforeValidator(_none_as_empty),
    WithJsonSchema({"anyOf": [{"type": "string"}, _B64, {"type": "null"}]}),
]
Passage = Annotated[
    str,
    BeforeValidator(_joined),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Turn = Union[str, Dict[str, Any]]  # a text, or a message such as {"role": "user", "content": "..."}
Texts = List[Text]
Histories = List[History]
