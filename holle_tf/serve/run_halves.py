"""A student of a run that reads a document once and answers many questions about it, in TensorFlow."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np
import tensorflow as tf

from holle_tf.catalogue import SamConfig
from holle_tf.evaluate.answers import Answer
from holle_tf.models.decoding import decode_spans
from holle_tf.models.halves import Halves, kept_states
from holle_tf.models.outputs import EDGES, span_probabilities
from holle_tf.runs.prediction import ChatPredictor
from holle_tf.serve.document_cache import DocumentCache, document_id
from holle_tf.serve.document_states import DocumentStates, answered_together, padded, stacked
from holle_tf.serve.signatures import EDGES as PROBABILITIES
from holle_tf.store.read_document import ReadDocument
from pipelines.dataset import features_of
from pipelines.example import Example
from pipelines.example_from_texts import unanswered

STACKED_WORDS = (
    65536  # of documents that are answered about together: a call of TensorFlow takes milliseconds
)


def can_read_once(predictor: ChatPredictor) -> bool:
    """Whether the model of a run reads a document without the question."""
    return isinstance(predictor.model_options, SamConfig)


class RunHalves:
    """The halves of a student (``holle_tf.models.halves``), from texts to answers.

    Args:
        predictor: the loaded run of a model that ``can_read_once``.
        cache: where it keeps the documents that it has read.
        states: float32 | float16 | int8, of what is kept.
    """

    def __init__(self, predictor: ChatPredictor, cache: DocumentCache, states: str):
        self._predictor = predictor
        options = predictor.model_options
        halves, sizes = Halves(options, predictor.model), kept_states(options)
        self._kept = tuple(sizes)
        inputs = predictor.model.input
        self._of_document = [name for name in inputs if name.startswith("document")]
        self._of_context = [name for name in inputs if name not in self._of_document]
        max_span, n_best = predictor.config.evaluation.max_span, predictor.n_best
        null = predictor.null_threshold is not None

        def answer(kept: Mapping[str, tf.Tensor], texts: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            outputs = halves.answer({name: tf.cast(kept[name], tf.float32) for name in kept}, texts)
            start, end = (outputs[f"{edge}_logits"] for edge in EDGES)
            mask = tf.broadcast_to(outputs["document_mask"], tf.shape(start))
            found = decode_spans(start, end, mask, max_span, n_best, null)
            return {**found, **span_probabilities(outputs)}

        ids = {name: tf.TensorSpec([None, None], tf.int32) for name in inputs}
        given = "float16" if states == "float16" else "float32"  # TensorFlow widens float16 as quickly
        states_of = {name: tf.TensorSpec([None, None, size], given) for name, size in sizes.items()}
        self._types = {name: np.dtype(given) for name in sizes}
        self._types.update((name, np.dtype(np.int32)) for name in self._of_document)
        # One trace for all widths, as in holle_tf.evaluate.predictor.
        self._encode = tf.function(halves.encode, input_signature=[ids["document"]])
        self._answer = tf.function(answer, input_signature=[states_of, ids])
        self.documents = DocumentStates(cache, states, self._read_documents)

    def read(self, examples: Sequence[Example]) -> list[Answer]:
        """The answers to several chats; documents that are not kept are read together."""
        ids = [document_id(chat.document) for chat in examples]
        known = self.documents.of({key: chat.document for key, chat in zip(ids, examples)})
        contexts = [
            self._predictor.encode(unanswered("", chat.query, chat.prober_history, chat.responder_history))
            for chat in examples
        ]
        answers: dict[int, Answer] = {}
        for rows in answered_together([known[key] for key in ids], STACKED_WORDS):
            different = list({ids[row]: known[ids[row]] for row in rows}.values())
            feeds: dict[str, Any] = stacked(different, self._types)
            texts = features_of([contexts[row] for row in rows], self._of_context)
            texts.update((name, feeds[name]) for name in self._of_document)
            found = self._answer({name: feeds[name] for name in self._kept}, texts)
            values = {name: value.numpy() for name, value in found.items()}
            for place, row in enumerate(rows):
                document = known[ids[row]]
                decoded = tuple(values[name][place] for name in ("start", "end", "score"))
                edges = tuple(values[edge][place] for edge in PROBABILITIES)
                answers[row] = Answer.of_tokens(
                    *document.offsets(), decoded, edges, self._predictor.null_threshold
                )
        return [answers[row] for row in range(len(examples))]

    def _read_documents(self, texts: Sequence[str]) -> list[ReadDocument]:
        """What is kept of documents, read as a batch."""
        encoded = [self._predictor.encode(unanswered(text, "")) for text in texts]
        kept = self._encode(padded([each.document for each in encoded], least=1))
        parts = {name: value.numpy() for name, value in kept.items()}
        read = []
        for row, each in enumerate(encoded):
            feeds = {name: getattr(each, name) for name in self._of_document}
            feeds.update((name, part[row, : len(each.document)]) for name, part in parts.items())
            read.append(ReadDocument(each.token_starts, each.token_ends, feeds))
        return read
