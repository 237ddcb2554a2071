"""Predicted spans on disk: ``predictions.jsonl``, one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Optional

from pipelines.errors import UserError
from pipelines.files import atomic_file


@dataclass(frozen=True)
class SpanPrediction:
    """The predicted span of one example and how it scores.

    The last two are of models that can say that there is no answer. Their prediction is then "", and its
    first and last word are -1.
    """

    example_id: str
    prediction: str  # text cut from the document
    start: int  # first token of the document, from 0
    end: int  # last token of the document, inclusive
    score: float  # probability of the span, p(start) * p(end)
    references: list[str]
    f1: float  # token F1 against the best reference, 0-100
    best_span: Optional[str] = None  # text of the best span, whether or not it is the prediction
    no_answer: Optional[float] = None  # how likely no answer is against it, 0-1


_OPTIONAL = ("best_span", "no_answer")
_NUMBERS = ("score", "f1", "no_answer")


def write_predictions(path: str | Path, predictions: Iterable[SpanPrediction]) -> None:
    """Write the file whole or not at all, in the given order, as UTF-8."""
    with atomic_file(Path(path), "wb") as file:
        for prediction in predictions:
            values = {name: value for name, value in asdict(prediction).items() if value is not None}
            file.write(json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")


def read_predictions(path: str | Path) -> list[SpanPrediction]:
    """Read what ``write_predictions`` wrote; keys that are not ours are ignored.

    Raises:
        UserError: no such file, or a line that is not a prediction (named by its number).
    """
    try:
        lines = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); run --mode=evaluate to make it"
        ) from error
    return [_parse(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _parse(path: str | Path, number: int, line: bytes) -> SpanPrediction:
    try:
        record = json.loads(line.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise _broken(path, number, f"not valid JSON ({error})") from error
    if not isinstance(record, dict):
        raise _broken(path, number, "not a JSON object")
    values: dict[str, Any] = {}
    for field in fields(SpanPrediction):
        if field.name not in record:
            if field.name in _OPTIONAL:
                continue
            raise _broken(path, number, f"no key {field.name!r}")
        value = record[field.name]
        if not _suits(field.name, value):
            raise _broken(path, number, f"{field.name!r} has the wrong type: {json.dumps(value)[:60]}")
        values[field.name] = value
    try:
        values.update({name: float(values[name]) for name in _NUMBERS if name in values})
    except OverflowError as error:
        raise _broken(path, number, "a score is too large a number") from error
    return SpanPrediction(**values)


def _suits(name: str, value: Any) -> bool:
    if name == "references":
        return isinstance(value, list) and all(isinstance(text, str) for text in value)
    if name in ("example_id", "prediction", "best_span"):
        return isinstance(value, str)
    kinds = (int,) if name in ("start", "end") else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool)


def _broken(path: str | Path, number: int, what: str) -> UserError:
    return UserError(f"{path}, line {number}: {what}; make the file anew with --mode=evaluate")
