"""Requests for the signature ``tokens``: word ids in, the probabilities of every word out.

The signature is that of the SavedModel (``holle_tf/export/savedmodel.py``). Its clients split texts by
themselves.
"""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Mapping, Optional, Protocol, Sequence, runtime_checkable

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from holle_tf.options.serve import ServeConfig
from holle_tf.serve.document_states import padded_ids
from holle_tf.serve.signatures import EDGES, TEXTS

_KEY = "_keys"
_MOST = 2**31 - 1


@runtime_checkable
class ReadsTokens(Protocol):
    """A backend that also reads word ids. Only one thread at a time calls ``read_tokens``."""

    @property
    def token_inputs(self) -> Sequence[str]:
        """Names of the model's inputs: the ids, and perhaps keys, of each text."""

    @property
    def vocabulary_size(self) -> int:
        """One more than the largest id."""

    def read_tokens(self, numbers: Mapping[str, np.ndarray]) -> Sequence[np.ndarray]:
        """Probabilities float32 (batch, length) that the span starts, and ends, at each word of the document.

        Args:
            numbers: int32 (batch, length) by input, padded with 0; the length is at least 1.
        """


class TokenPrediction(BaseModel):
    """What one chat gets: the probabilities that the span starts, and ends, at each word of the document."""

    model_config = ConfigDict(extra="forbid")

    start_probabilities: List[float]
    end_probabilities: List[float]


class TokenRequest(BaseModel):
    """Chats as word ids, in rows (``instances``) or columns (``inputs``), with the length of each text."""

    model_config = ConfigDict(extra="forbid")

    signature_name: Literal["tokens"]
    instances: Optional[List[Dict[str, Any]]] = Field(None, min_length=1)
    inputs: Optional[Dict[str, List[Any]]] = Field(None, min_length=1)

    def numbers(self, names: Sequence[str], words: int, options: ServeConfig) -> dict[str, np.ndarray]:
        """What the model reads, int32 (batch, length) by input, padded with 0 and to one word at least.

        Args:
            names: of the model's inputs.
            words: size of its vocabulary.
            options: limits of the service.

        Raises:
            ValueError: something is missing, left over, too long or out of range.
        """
        columns = self._columns([*names, *(f"{text}_length" for text in TEXTS)])
        rows = len(columns["document"])
        if rows > options.max_queue:
            raise ValueError(f"{rows} chats in one request; at most {options.max_queue}")
        lengths = {text: _lengths(columns[f"{text}_length"], text) for text in TEXTS}
        cut = {name: _cut(name, columns[name], lengths[name.removesuffix(_KEY)]) for name in names}
        for name, texts in cut.items():
            most = _MOST if name.endswith(_KEY) else words - 1
            if any(not 0 <= number <= most for text in texts for number in text):
                raise ValueError(f"{name}: numbers have to be from 0 to {most}")
            widest = max(map(len, texts))
            if widest > options.max_document_words or (rows > 1 and rows * widest > options.max_batch_words):
                raise ValueError(f"{name}: {rows} texts of up to {widest:,} words are too many at once")
        return {name: padded_ids(texts, least=1) for name, texts in cut.items()}

    def _columns(self, names: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        if (self.instances is None) == (self.inputs is None):
            raise ValueError("give 'instances' (a list of objects) or 'inputs' (an object of lists)")
        for given in self.instances or [self.inputs or {}]:
            if wrong := set(given) ^ set(names):
                raise ValueError(f"'{min(wrong)[:80]}' is missing or unknown; give {', '.join(names)}")
        if self.inputs is None:
            return {name: [row[name] for row in self.instances or ()] for name in names}
        if len({len(column) for column in self.inputs.values()}) > 1 or not self.inputs["document"]:
            raise ValueError("all columns must have the same number of texts, and at least one")
        return self.inputs

    def reply(self, edges: Sequence[np.ndarray]) -> dict[str, Any]:
        """The body of the reply, in the format of the request."""
        columns = dict(zip(EDGES, (edge.astype(float).round(6).tolist() for edge in edges)))
        if self.inputs is not None:
            return {"outputs": columns}
        return {"predictions": [dict(zip(columns, row)) for row in zip(*columns.values())]}


def _lengths(column: Sequence[Any], text: str) -> list[int]:
    if not all(type(length) is int and 0 <= length <= _MOST for length in column):
        raise ValueError(f"{text}_length: has to be a whole number for each text")
    return list(column)


def _cut(name: str, column: Sequence[Any], lengths: Sequence[int]) -> list[list[int]]:
    """The numbers of each text, zero from its length on."""
    if not all(isinstance(ids, list) and all(type(number) is int for number in ids) for ids in column):
        raise ValueError(f"{name}: has to be a list of whole numbers for each text")
    return [ids[:length] + [0] * (len(ids) - length) for ids, length in zip(column, lengths)]
