"""From a model and batches with texts to predicted spans of the original documents."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from holle_tf.distill.losses import label_cross_entropy
from holle_tf.evaluate.conicity import Conicity, conicity, conversation_cosines
from holle_tf.evaluate.no_answer import best_threshold, decided
from holle_tf.evaluate.no_answer_share import no_answer_share
from holle_tf.evaluate.predictions import SpanPrediction
from holle_tf.evaluate.scores import exact_match, token_f1
from holle_tf.models.decoding import decode_spans
from holle_tf.models.outputs import SPAN_OUTPUTS, span_probabilities

TEXTS = ("example_id", "chat_id", "document_text", "answer", "references", "token_starts", "token_ends")


class SplitPredictions(NamedTuple):
    """Predictions in the order of the data, and what the epoch log needs of them.

    Attributes:
        spans: one for each example.
        loss: mean cross entropy of start plus end, in nats.
        conicity: of the model's vectors, by name; empty if no conversation has two examples.
        cosines: likewise, of each example with the mean of its conversation, float64, (examples,).
        threshold: above which ``no_answer`` of a prediction means that there is none; None if the model
            cannot say so.
    """

    spans: list[SpanPrediction]
    loss: float
    conicity: dict[str, Conicity]
    cosines: dict[str, np.ndarray]
    threshold: float | None = None

    @property
    def f1(self) -> float:
        """Mean token F1, 0-100."""
        return float(np.mean([span.f1 for span in self.spans]))

    @property
    def em(self) -> float:
        """Share of exact matches, 0-100."""
        hits = [any(exact_match(s.prediction, ref) for ref in s.references) for s in self.spans]
        return 100.0 * float(np.mean(hits))


class Predictor:
    """Decodes the best spans of whole batches; traces the model once and can be called every epoch.

    Args:
        model: a span model.
        max_span: words of the longest span.
        n_best: spans kept of each example.
        probabilities: ``decode`` also returns those of every word.
        conicity_of: names of the vectors whose conicity is measured; None = of all that the model returns.
        null: whether the first position of a document stands for "no answer".
        null_threshold: of ``predict``; None = the one with the best F1 on what is predicted.
    """

    _null = False
    _null_threshold: float | None = None

    def __init__(
        self,
        model: tf.keras.Model,
        max_span: int,
        n_best: int = 1,
        probabilities: bool = False,
        conicity_of: Collection[str] | None = None,
        null: bool = False,
        null_threshold: float | None = None,
    ):
        self._null, self._null_threshold = null, null_threshold
        self._inputs = tuple(model.input)
        returned = [name for name in model.output if name not in SPAN_OUTPUTS]
        self._vectors = [name for name in returned if conicity_of is None or name in conicity_of]

        def step(features: dict[str, tf.Tensor], labels: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            outputs = model(features, training=False)
            mask = outputs["document_mask"]
            logits = {edge: outputs[f"{edge}_logits"] for edge in ("start", "end")}
            # A chat to predict has no label (-1); its loss is not used.
            loss = sum(label_cross_entropy(logits[e], tf.maximum(labels[e], 0), mask) for e in logits)
            spans = decode_spans(logits["start"], logits["end"], mask, max_span, n_best, null)
            vectors = {name: outputs[name] for name in self._vectors}
            words = span_probabilities(outputs) if probabilities else {}
            return {**spans, "loss": loss, **vectors, **words}

        # One trace for all widths: a new one for each would cost more than a small split takes.
        signature = {
            name: tf.TensorSpec([None] * len(tensor.shape), tf.int32) for name, tensor in model.input.items()
        }
        edges = {edge: tf.TensorSpec([None], tf.int32) for edge in ("start", "end")}
        self._step = tf.function(step, input_signature=[signature, edges])

    def decode(self, features: dict[str, Any], labels: dict[str, Any]) -> dict[str, np.ndarray]:
        """``start``, ``end`` token indices, ``score`` (all (batch, n_best)), ``loss`` (batch,), vectors.

        If the first position is null, it counts among the tokens, and there is ``null_score``, (batch,).
        With ``probabilities`` also ``start_probabilities`` and ``end_probabilities``, (batch, doc_len).
        """
        edges = {edge: labels[edge] for edge in ("start", "end")}
        found = self._step({name: features[name] for name in self._inputs}, edges)
        return {name: value.numpy() for name, value in found.items()}

    def predict(self, batches: Iterable[Any], total: int | None = None, desc: str = "") -> SplitPredictions:
        """Predict every example of ``make_dataset(..., texts=True)``; the text is cut from the document."""
        spans, losses, conversations = [], [], []
        vectors: dict[str, list[np.ndarray]] = {name: [] for name in self._vectors}
        with tqdm(total=total, desc=desc, unit=" examples", disable=None, leave=False) as progress:
            for features, labels in batches:
                found = self.decode(features, labels)
                texts = {name: features[name].numpy() for name in TEXTS}
                for row in range(len(found["start"])):
                    start, end = int(found["start"][row, 0]), int(found["end"][row, 0])
                    document = texts["document_text"][row].decode("utf-8")
                    begin, stop = texts["token_starts"][row][start], texts["token_ends"][row][end]
                    prediction, gold = document[begin:stop], texts["answer"][row].decode("utf-8")
                    references = [gold, *json.loads(texts["references"][row])]
                    score = float(found["score"][row, 0])
                    of_null: dict[str, Any] = {}
                    if self._null:
                        start, end = start - 1, end - 1
                        share = no_answer_share(found["null_score"][row], score)
                        of_null = {"best_span": prediction, "no_answer": share}
                    spans.append(
                        SpanPrediction(
                            example_id=texts["example_id"][row].decode("utf-8"),
                            prediction=prediction,
                            start=start,
                            end=end,
                            score=score,
                            references=references,
                            f1=100.0 * max(token_f1(prediction, reference) for reference in references),
                            **of_null,
                        )
                    )
                losses.extend(found["loss"].tolist())
                conversations.extend(features["chat_id"].numpy().tolist())
                for name, rows in vectors.items():
                    rows.extend(found[name])
                progress.update(len(found["start"]))
        if len(set(conversations)) == len(conversations):  # every conversation has one example: no conicity
            vectors = {}
        cones = {name: conicity(rows, conversations) for name, rows in vectors.items() if rows}
        cosines = {name: conversation_cosines(rows, conversations) for name, rows in vectors.items() if rows}
        threshold = self._null_threshold
        if self._null:
            threshold = best_threshold(spans).value if threshold is None else threshold
            spans = [decided(span, threshold) for span in spans]
        return SplitPredictions(spans, float(np.mean(losses)), cones, cosines, threshold)
