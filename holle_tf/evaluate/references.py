"""Holl-E's further references: several spans that answer the same query (``multi_reference_test.json``)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Mapping, Sequence, Union

from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.scores import score_predictions
from pipelines.errors import UserError
from pipelines.files import json_sha256
from pipelines.json_values import as_text
from pipelines.raw_files import read_text

DEFINITION = (
    "multi-reference: the best of the span of the data and the spans of the file, per example; BLEU-4 with "
    "all of them as references"
)


@dataclass(frozen=True)
class References:
    """Spans by the id of their example.

    Attributes:
        path: the file.
        spans: example_id -> accepted texts, none of them empty; an id without texts is left out.
        numbers: how many spans the file writes as numbers; they are spelled out.
        empty: how many are empty; they are left out.
    """

    path: Path
    spans: Mapping[str, list[str]]
    numbers: int
    empty: int

    @cached_property
    def digest(self) -> str:
        """Digest of the spans; scores with other references have another one."""
        return json_sha256(self.spans)[:16]


def read_references(path: Union[str, Path]) -> References:
    """Read a file in the form of Holl-E's ``multi_reference_test.json``, plain or ``.gz``.

    It maps ids of test examples to ``{"spans": [...], "responses": [...]}``; responses are not read, since
    what is scored is the span.

    Raises:
        UserError: no such file, not JSON, or a record of another form (its id is named).
    """
    path = Path(path)
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not the JSON of multi-reference spans ({error}); copy it again.") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check --multi_reference.") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected an object of example ids, found a {type(content).__name__}.")
    spans: dict[str, list[str]] = {}
    numbers = empty = 0
    for example_id, record in content.items():
        texts = []
        for span in _spans(path, example_id, record):
            text = as_text(span)
            numbers += bool(text) and not isinstance(span, str)
            if text.strip():
                texts.append(text)
            else:
                empty += 1
        if texts:
            spans[example_id] = list(dict.fromkeys(texts))
    return References(path, spans, numbers, empty)


def _spans(path: Path, example_id: str, record: Any) -> list[Any]:
    remedy = 'expected {"spans": ["...", ...]}; correct it.'
    spans = record.get("spans") if isinstance(record, dict) else None
    if not isinstance(spans, list):
        raise UserError(f"{path}, {example_id}: no list of spans; {remedy}")
    for span in spans:
        if isinstance(span, bool) or not isinstance(span, (str, int, float)):
            raise UserError(f"{path}, {example_id}: {json.dumps(span)[:40]} is not a span; {remedy}")
    return spans


def score_with_references(predictions: Sequence[SpanPrediction], references: References) -> dict[str, Any]:
    """Scores of the examples that have further references, with those and without.

    Returns:
        ``examples`` with references; ``without``, examples that have none; ``unknown``, ids of the file that
        are not among the predictions; ``digest`` of the references; and, where there are examples,
        ``single`` and ``multi``, each as ``score_predictions`` gives.
    """
    known = [prediction for prediction in predictions if prediction.example_id in references.spans]
    unknown = len(references.spans) - len({prediction.example_id for prediction in known})
    counts: dict[str, Any] = {
        "examples": len(known), "without": len(predictions) - len(known), "unknown": unknown,
        "digest": references.digest,
    }  # fmt: skip
    if not known:
        return counts
    texts = [prediction.prediction for prediction in known]
    all_texts = [[*prediction.references, *references.spans[prediction.example_id]] for prediction in known]
    return {
        **counts,
        "single": score_predictions(texts, [prediction.references for prediction in known]),
        "multi": score_predictions(texts, all_texts),
    }


def counts_line(references: References, found: Mapping[str, Any]) -> str:
    """A sentence on how the file of references matched the predictions."""
    repaired = f"; {references.numbers} spans are numbers, {references.empty} empty ones are left out"
    return (
        f"{references.path.name}: {found['examples']:,} examples have further references, "
        f"{found['without']:,} have none; {found['unknown']:,} ids of the file are of no example here"
        + (repaired if references.numbers or references.empty else "")
    )
