"""A SavedModel that reads text: tokeniser, vocabulary and student in one graph of stock operations."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from holle_tf.export.client_files import write_vocabulary
from holle_tf.export.graph_keys import keys_in_graph
from holle_tf.export.graph_tokenizer import GraphTokens, tokenize_in_graph
from holle_tf.export.readback import Read
from holle_tf.export.savedmodel_halves import half_signatures
from holle_tf.export.student import Student, hash_bucket
from holle_tf.models.decoding import decode_spans
from holle_tf.models.outputs import span_probabilities
from holle_tf.models.sam import INPUTS
from holle_tf.options.export import ExportConfig
from pipelines.records import split_input
from pipelines.vocabulary import NULL, UNK

VERSION = "1"  # TensorFlow Serving looks for numbered folders


def export_savedmodel(student: Student, folder: Path, options: ExportConfig) -> None:
    """Write ``student`` as a SavedModel to ``folder/1``.

    For its signatures see ``StudentModule`` and ``savedmodel_halves``.

    Args:
        student: what is exported; ``Student.shrunk`` applied most of the options.
        folder: an existing one.
        options: ``document_states`` is the format of what is kept of a document; none = no such signatures.
    """
    with tempfile.TemporaryDirectory() as scratch:
        module = StudentModule(student, write_vocabulary(student, Path(scratch)))
        functions = {
            "serving_default": module.serve,
            "explain": module.explain,
            "tokens": module.tokens,
        }
        if options.document_states != "none":
            functions.update(module.halves(options.document_states))
        tf.saved_model.save(module, str(folder / VERSION), signatures=functions)


def read_savedmodel(folder: Path, threads: int) -> Read:
    """See ``readback.load_reader``."""
    del threads  # those of TensorFlow
    function = tf.saved_model.load(str(folder / VERSION)).signatures["tokens"]

    def read(ids: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        given = {name: tf.constant(values) for name, values in ids.items()}
        lengths = {f"{name}_length": tf.constant((ids[name] > 0).sum(axis=1), tf.int32) for name in INPUTS}
        return {name: value.numpy() for name, value in function(**given, **lengths).items()}

    return read


def _texts() -> list[tf.TensorSpec]:
    return [tf.TensorSpec([None], tf.string, name=name) for name in INPUTS]


def _ids(student: Student) -> list[tf.TensorSpec]:
    numbers = [tf.TensorSpec([None, None], tf.int32, name=name) for name in student.inputs]
    return [*numbers, *(tf.TensorSpec([None], tf.int32, name=f"{name}_length") for name in INPUTS)]


class StudentModule(tf.Module):
    """The functions that become signatures. Batches are of any size, texts of any length.

    Args:
        student: what is exported.
        vocabulary: file of its words, which becomes an asset.
    """

    def __init__(self, student: Student, vocabulary: Path):
        super().__init__(name="student")
        model = student.stock_model()
        # Only the variables: loading Keras objects would require our layers.
        self._weights = list(model.variables)
        self.halves = functools.partial(half_signatures, student, model)
        # Separate functions, so that each is traced and stored once and not for each signature.
        self._inputs, self._matches = student.inputs, student.matches
        numbers = {name: tf.TensorSpec([None, None], tf.int32) for name in self._inputs}
        self._model = tf.function(
            lambda numbers: model(numbers, training=False), input_signature=[numbers], autograph=False
        )
        self.tokens = tf.function(self._tokens, input_signature=_ids(student), autograph=False)
        self._answered = tf.function(self._answer, input_signature=_texts(), autograph=False)
        self._tokenize = tf.function(
            functools.partial(tokenize_in_graph, rules=student.limits.rules),
            input_signature=[tf.TensorSpec([None], tf.string)],
            autograph=False,
        )
        self._limits = student.limits
        self._first_bucket, self._buckets = len(student.words), student.hash_buckets
        self._file = tf.saved_model.Asset(str(vocabulary))
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                self._file,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            default_value=-1,
        )

    @tf.function(input_signature=_texts(), autograph=False)
    def serve(
        self, document: tf.Tensor, query: tf.Tensor, prober_history: tf.Tensor, responder_history: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Texts, string (batch,), to spans of the documents.

        Returns:
            ``span`` string (batch,), cut from the document; ``start_char``, ``end_char`` int32 (batch,), in
            characters (Unicode code points), end exclusive; ``score`` float32 (batch,), the probability of
            the span; and the same of the best spans, best first, (batch, n): ``n_best_span`` and so on. Where
            there are fewer spans, and for a document without words: "", 0, 0 and 0.
            Of a student that can say that there is no answer also ``null_score`` float32 (batch,), the
            probability of that, and ``no_answer`` float32 (batch,), the same against the best span. If it is
            above the threshold, span is "", and score is ``null_score``.
        """
        return self._answered(document, query, prober_history, responder_history)[0]

    @tf.function(input_signature=_texts(), autograph=False)
    def explain(
        self, document: tf.Tensor, query: tf.Tensor, prober_history: tf.Tensor, responder_history: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """As ``serve``, and how likely a span begins and ends at each word of the document.

        Returns:
            All that ``serve`` gives; ``token_starts``, ``token_ends`` int32 and ``start_probabilities``,
            ``end_probabilities`` float32, all (batch, words), zero on padding; ``token_count`` int32
            (batch,).
        """
        found, tokens, probabilities = self._answered(document, query, prober_history, responder_history)
        null = int(self._limits.null_threshold is not None)  # the null position is not among the words
        return {
            **found,
            "token_starts": _dense(tokens.starts[:, null:]),
            "token_ends": _dense(tokens.ends[:, null:]),
            "token_count": tf.cast(tokens.starts.row_lengths(), tf.int32) - null,
            **{name: _at_least_one_word(values[:, null:]) for name, values in probabilities.items()},
        }

    def _tokens(self, *given: tf.Tensor) -> dict[str, tf.Tensor]:
        """Word ids (and keys) int32 (batch, length) of each text, and its number of words int32 (batch,).

        Returns:
            ``start_probabilities``, ``end_probabilities`` float32 (batch, words of the document).
        """
        numbers = dict(zip(self._inputs, given))
        lengths = dict(zip(INPUTS, given[len(self._inputs) :]))
        for name in numbers:
            real = tf.sequence_mask(lengths[split_input(name)[0]], tf.shape(numbers[name])[1], tf.int32)
            numbers[name] = _at_least_one_word(numbers[name] * real)
        width = tf.shape(given[0])[1]
        outputs = self._model(numbers)
        return {name: values[:, :width] for name, values in span_probabilities(outputs).items()}

    def _answer(self, *texts: tf.Tensor) -> tuple[dict[str, tf.Tensor], GraphTokens, dict[str, tf.Tensor]]:
        document, batch = texts[0], tf.shape(texts[0])[0]
        tokens = self._tokenize(tf.concat(texts, axis=0))
        null = self._limits.null_threshold is not None
        if null:
            tokens = _behind_null(tokens, batch)
        by_kind = {"ids": tokens.forms.with_values(self._lookup(tokens.forms.values))}
        if self._matches:
            by_kind["keys"] = tokens.forms.with_values(keys_in_graph(tokens.forms.values))
        numbers = {}
        for name in self._inputs:
            text, kind = split_input(name)
            i, keep = INPUTS.index(text), self._limits.words_of(text)
            rows = by_kind[kind][i * batch : (i + 1) * batch]
            numbers[name] = _dense(rows if keep is None else rows[:, -keep:] if keep else rows[:, :0])
        tokens = GraphTokens(*(part[:batch] for part in tokens))  # of the documents
        outputs = self._model(numbers)
        limits = self._limits
        spans = decode_spans(
            outputs["start_logits"],
            outputs["end_logits"],
            outputs["document_mask"],
            limits.span_words,
            limits.n_best,
            null,
        )

        def place(of_words: tf.RaggedTensor, words: tf.Tensor) -> tf.Tensor:
            places = tf.gather(_dense(of_words), words, batch_dims=1)  # (batch, n_best)
            return tf.where(spans["score"] > 0, places, 0)

        first, last = (
            place(*pair) for pair in ((tokens.byte_starts, spans["start"]), (tokens.byte_ends, spans["end"]))
        )
        best = {
            "span": tf.strings.substr(
                tf.repeat(document[:, None], limits.n_best, axis=1), first, last - first
            ),
            "start_char": place(tokens.starts, spans["start"]),
            "end_char": place(tokens.ends, spans["end"]),
            "score": spans["score"],
        }
        found = {name: values[:, 0] for name, values in best.items()}
        if limits.null_threshold is not None:
            found = _or_nothing(found, spans["null_score"], limits.null_threshold)
        found.update({f"n_best_{name}": values for name, values in best.items()})
        return found, tokens, span_probabilities(outputs)

    def _lookup(self, forms: tf.Tensor) -> tf.Tensor:
        """Ids int32 (words,) of lookup forms."""
        known = self._table.lookup(forms)
        other = tf.fill(tf.shape(known), tf.constant(UNK, tf.int64))
        if self._buckets:
            other = self._first_bucket + hash_bucket(forms, self._buckets)
        return tf.cast(tf.where(known < 0, other, known), tf.int32)


def _behind_null(tokens: GraphTokens, documents: tf.Tensor) -> GraphTokens:
    """The null position in front of the first ``documents`` of the texts, at characters 0 to 0."""

    def joined(part: tf.RaggedTensor, value: Any) -> tf.RaggedTensor:
        rows = tf.cast(tf.range(part.nrows()) < tf.cast(documents, tf.int64), tf.int64)
        front = tf.RaggedTensor.from_row_lengths(tf.fill([documents], value), rows)
        return tf.concat([front, part], axis=1)

    forms, *offsets = tokens
    return GraphTokens(joined(forms, NULL), *(joined(part, 0) for part in offsets))


def _or_nothing(
    found: Mapping[str, tf.Tensor], null_score: tf.Tensor, threshold: float
) -> dict[str, tf.Tensor]:
    """The best spans, and nothing where no answer is likelier than the threshold."""
    null, score = (tf.cast(values, tf.float64) for values in (null_score, found["score"]))
    share = tf.where(score > 0, null / tf.where(score > 0, null + score, 1), 1)
    nothing = {"score": null_score, **{name: tf.zeros_like(found[name]) for name in found if name != "score"}}
    chosen = share > threshold
    decided = {name: tf.where(chosen, nothing[name], values) for name, values in found.items()}
    return {**decided, "null_score": null_score, "no_answer": tf.cast(share, tf.float32)}


def _dense(rows: tf.RaggedTensor) -> tf.Tensor:
    return _at_least_one_word(rows.to_tensor())


def _at_least_one_word(numbers: tf.Tensor) -> tf.Tensor:
    """Pad empty rows to one word, because a recurrence needs a first step; padding is zero."""
    return tf.pad(numbers, [[0, 0], [0, tf.maximum(1 - tf.shape(numbers)[1], 0)]])
