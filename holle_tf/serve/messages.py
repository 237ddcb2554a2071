"""Requests and replies: the REST formats of TensorFlow Serving, and chats turn by turn."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Union

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from holle_tf.evaluate.answers import Answer
from holle_tf.serve.batching import Reading
from holle_tf.serve.signatures import DEFAULT, EXPLAIN, OF_TEXTS, explanations, unknown
from holle_tf.serve.texts import Histories, History, Passage, Text, Texts, Turn
from holle_tf.serve.token_requests import TokenPrediction
from pipelines.example import Example
from pipelines.example_from_texts import unanswered

_DIGITS = 6  # of the probabilities in replies


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


NULL_SCORE = "Only of a model that can say that there is no answer: the probability of that."
NO_ANSWER = "Likewise, against the best span: 0 to 1."
NO_DOCUMENT = "Field required, or 'document_id'"


def _either_text_or_id(document: Any, info: ValidationInfo) -> Any:
    if document is None and info.data.get("document_id") is None:
        raise ValueError(NO_DOCUMENT)
    return _not_both(document, info)


def _not_both(document: Any, info: ValidationInfo) -> Any:
    if document is not None and info.data.get("document_id") is not None:
        raise ValueError("give 'document' or 'document_id', not both")
    return document


class _OfDocument(_Message):
    document_id: Optional[str] = Field(
        None, description="In place of the document: its id, from POST /v1/documents or an earlier reply."
    )
    document: Optional[Text] = Field(
        None, validate_default=True, examples=["The film cost $2.8 million. The ending is sad."]
    )

    _has_document = field_validator("document")(_either_text_or_id)


class Instance(_OfDocument):
    """One chat, with the same texts as the exported SavedModel."""

    query: Text = Field(examples=["What did it cost?"])
    prober_history: History = Field("", description="The prober's earlier utterances, joined by spaces.")
    responder_history: History = Field(
        "", description="The responder's earlier utterances, joined by spaces."
    )


class Columns(_Message):
    """Chats as in ``Instance``, with a column for each text."""

    document_id: Optional[List[str]] = Field(None, min_length=1)
    document: Optional[Texts] = Field(None, min_length=1, validate_default=True)
    query: Texts
    prober_history: Optional[Histories] = None
    responder_history: Optional[Histories] = None

    _has_documents = field_validator("document")(_either_text_or_id)

    @model_validator(mode="after")
    def _equally_long(self) -> Columns:
        lengths = {len(column) for _, column in self if column is not None}
        if len(lengths) > 1:
            raise ValueError("all columns must have the same number of texts")
        return self


class PredictRequest(_Message):
    """Either ``instances``, the row format, or ``inputs``, the column format."""

    signature_name: str = Field(DEFAULT, description=f"One of {', '.join(OF_TEXTS)}; '' is the first.")
    instances: Optional[List[Instance]] = Field(None, min_length=1)
    inputs: Optional[Columns] = None

    @model_validator(mode="after")
    def _one_format(self) -> PredictRequest:
        if (self.instances is None) == (self.inputs is None):
            raise ValueError("give 'instances' (a list of objects) or 'inputs' (an object of lists)")
        if self.signature_name not in ("", *OF_TEXTS):
            raise ValueError(unknown(self.signature_name))
        return self

    def documents(self) -> list[tuple[Optional[str], Optional[str]]]:
        """Text and id of each chat's document, in order; one of them is None."""
        if self.inputs is None:
            return [(instance.document, instance.document_id) for instance in self.instances or ()]
        empty = [None] * len(self.inputs.query)
        return list(zip(self.inputs.document or empty, self.inputs.document_id or empty))

    def examples(self, documents: Sequence[str]) -> list[Example]:
        """The chats, in order, with the texts of their documents."""
        names = ("query", "prober_history", "responder_history")
        if self.inputs is None:
            columns = [[getattr(instance, name) for instance in self.instances or ()] for name in names]
        else:
            columns = [getattr(self.inputs, name) or [""] * len(documents) for name in names]
        return [unanswered(*texts) for texts in zip(documents, *columns)]

    def reply(self, examples: list[Example], readings: list[Reading]) -> dict[str, Any]:
        """The body of the reply, in the format of the request."""
        rows = [prediction(chat.document, reading.answer) for chat, reading in zip(examples, readings)]
        if self.signature_name == EXPLAIN:
            explained = explanations([reading.answer for reading in readings])
            rows = [{**row, **more} for row, more in zip(rows, explained)]
        if self.inputs is None:
            return {"predictions": rows}
        return {"outputs": {name: [row[name] for row in rows] for name in rows[0]}}


class Prediction(_Message):
    """The best span, and the n best spans, best first. Offsets count characters (code points).

    A document without words has the span "" at 0 with score 0, and no n best spans. If the model says that
    there is no answer, the span is "" at 0, and the score is ``null_score``. The five fields from
    ``token_starts`` on are those of the signature ``explain``.
    """

    span: str
    start_char: int
    end_char: int
    score: float
    n_best_span: List[str]
    n_best_start_char: List[int]
    n_best_end_char: List[int]
    n_best_score: List[float]
    token_starts: Optional[List[int]] = None
    token_ends: Optional[List[int]] = None
    token_count: Optional[int] = None
    start_probabilities: Optional[List[float]] = None
    end_probabilities: Optional[List[float]] = None
    null_score: Optional[float] = Field(None, description=NULL_SCORE)
    no_answer: Optional[float] = Field(None, description=NO_ANSWER)


class PredictReply(_Message):
    """``predictions`` for ``instances``, ``outputs`` (lists by name) for ``inputs``."""

    predictions: Optional[List[Union[Prediction, TokenPrediction]]] = None
    outputs: Optional[Dict[str, List[Any]]] = None


class ChatRequest(_OfDocument):
    """A document and a chat about it, the query last. Turns alternate.

    With ``serve.retrieve``, the document may be left out.
    """

    document: Optional[Passage] = Field(None, validate_default=True)
    chat: List[Turn] = Field(min_length=1, examples=[["Hi!", "Hello.", "What did it cost?"]])
    tokens: bool = Field(False, description="Whether to send the probabilities of every word.")

    _has_document = field_validator("document")(_not_both)


class Span(_Message):
    """``document[start_char:end_char]``, in characters (code points)."""

    text: str
    start_char: int
    end_char: int
    score: float


class Tokens(_Message):
    """Offsets of every word of the document, and the probabilities that the span starts or ends there."""

    start_chars: List[int]
    end_chars: List[int]
    start_probabilities: List[float]
    end_probabilities: List[float]


class ChatReply(_Message):
    """The n best spans, best first, and the time that they took."""

    n_best: List[Span]
    answered: Optional[bool] = Field(
        None, description="Only of a model that can say that there is no answer: false if it says so."
    )
    null_score: Optional[float] = Field(None, description=NULL_SCORE)
    no_answer: Optional[float] = Field(None, description=NO_ANSWER)
    document_id: Optional[str] = Field(None, description="For the next turn; none if no document is kept.")
    document: Optional[str] = Field(None, description="Only of a chat without one: what was found.")
    tokens: Optional[Tokens] = None
    queued_ms: float = Field(description="Time from arrival until the model started.")
    model_ms: float = Field(description="Time for the whole batch.")
    batch: int = Field(description="Number of chats in the batch.")
    known: bool = Field(description="Whether the model had read the document before.")


def prediction(document: str, answer: Answer) -> dict[str, Any]:
    """A ``Prediction`` as a dict."""
    texts = [document[span.start_char : span.end_char] for span in answer.spans]
    starts, ends = ([span[i] for span in answer.spans] for i in (0, 1))
    scores = [round(span.score, _DIGITS) for span in answer.spans]
    best = (texts[0], starts[0], ends[0], scores[0]) if texts else ("", 0, 0, 0.0)
    of_null = _of_null(answer)
    if answer.null is not None and answer.null.chosen:
        best = ("", 0, 0, of_null["null_score"])
    values = (*best, texts, starts, ends, scores)
    return {**dict(zip(Prediction.model_fields, values)), **of_null}  # without the fields of ``explain``


def chat_reply(document: str, reading: Reading, tokens: bool, key: Optional[str]) -> dict[str, Any]:
    """A ``ChatReply`` as a dict; ``key``: the document's id, None if it is not kept."""
    answer = reading.answer
    spans = [
        {
            "text": document[span.start_char : span.end_char],
            "start_char": span.start_char,
            "end_char": span.end_char,
            "score": round(span.score, _DIGITS),
        }
        for span in answer.spans
    ]
    reply: dict[str, Any] = {
        "n_best": spans,
        "queued_ms": round(reading.queued_ms, 2),
        "model_ms": round(reading.model_ms, 2),
        "batch": reading.batch,
        "known": reading.known,
    }
    if answer.null is not None:
        reply.update(answered=not answer.null.chosen, **_of_null(answer))
    if key is not None:
        reply["document_id"] = key
    if tokens:
        edges = (answer.start_probabilities, answer.end_probabilities)
        start, end = ([round(p, _DIGITS) for p in edge.tolist()] for edge in edges)
        reply["tokens"] = {
            "start_chars": answer.token_starts.tolist(),
            "end_chars": answer.token_ends.tolist(),
            "start_probabilities": start,
            "end_probabilities": end,
        }
    return reply


def _of_null(answer: Answer) -> dict[str, float]:
    if answer.null is None:
        return {}
    return {"null_score": round(answer.null.score, _DIGITS), "no_answer": round(answer.null.share, _DIGITS)}


class DocumentRequest(_Message):
    """A document to keep."""

    document: Passage = Field(examples=["The film cost $2.8 million. The ending is sad."])


class DocumentReply(_Message):
    """The id of a document that is kept, and its number of words."""

    document_id: str
    words: int


class SampleDocument(BaseModel):
    """A document to try, with a question about it."""

    title: str
    document: str
    question: str


class SampleList(BaseModel):
    """Documents of the first model's data; none if the data are not on disk."""

    documents: List[SampleDocument]


class Failure(BaseModel):
    """Why a request was refused."""

    error: str
