"""The two halves of a student: what it reads of a document once, and its answer to each question about it.

SAM reads a document without the question, and SAM-match brings the question in behind the document's encoder.
What depends on the document alone can therefore be computed once and kept. As little of every word is kept as
an answer needs:

- ``span_states``: what the interactions for the start and the end need of u_t. With the additive interaction,
  these are W_start u_t and W_end u_t, (batch, doc_len, 2*inner_units); with the multiplicative one, it is u_t
  itself, (batch, doc_len, 2*units).
- ``match_states``: of SAM-match, the narrow projection of u_t, (batch, doc_len, match_units).

The word ids and keys of the document are kept too. Word vectors, and what is computed from them alone, are
looked up again.
"""

from __future__ import annotations

from typing import Mapping

import tensorflow as tf

from holle_tf.catalogue import SamConfig, SamMatchConfig
from holle_tf.models.layers.masking import mask_logits
from holle_tf.models.layers.match_features import Words
from holle_tf.models.outputs import EDGES
from holle_tf.models.sam import CONTEXT, INPUTS, ReadText, encoder_of, read_context, read_text

SPAN_STATES, MATCH_STATES = "span_states", "match_states"


def kept_states(config: SamConfig) -> dict[str, int]:
    """Names of what is kept of a document, and the number of scalars of each word."""
    kept = {SPAN_STATES: 2 * (config.inner_units if config.interaction == "add" else config.units)}
    if isinstance(config, SamMatchConfig):
        kept[MATCH_STATES] = config.match_units
    return kept


class Halves:
    """Both halves, of the layers of a trained model; they share its weights.

    Args:
        config: the sizes that the model was built with.
        model: what ``build_sam`` or ``build_sam_match`` returned.
    """

    def __init__(self, config: SamConfig, model: tf.keras.Model):
        self._config, self._layer = config, model.get_layer

    def encode(self, document: tf.Tensor) -> dict[str, tf.Tensor]:
        """What is kept of documents.

        Args:
            document: int32 word ids (documents, doc_len), 0 = padding.

        Returns:
            Float tensors (documents, doc_len, n), see ``kept_states``.
        """
        states = self._read("document", document).states
        edges = [self._layer(f"{edge}_interaction") for edge in EDGES]
        # The multiplicative interactions of both edges need the same of a state.
        needed = edges if self._config.interaction == "add" else edges[:1]
        kept = {SPAN_STATES: tf.concat([edge.keep(states) for edge in needed], axis=-1)}
        if isinstance(self._config, SamMatchConfig):
            kept[MATCH_STATES] = self._layer("match_projection")(states)
        return kept

    def answer(self, kept: Mapping[str, tf.Tensor], inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Score the words of documents against questions.

        Args:
            kept: what ``encode`` returned, of a document for each question or of one document for all.
            inputs: those of the model, with as many documents as ``kept`` has.

        Returns:
            ``start_logits``, ``end_logits`` float (questions, doc_len), far below all others on padding, and
            ``document_mask`` bool (documents, doc_len).
        """
        texts = self._read_context(inputs)
        query = texts["query"].final
        context = [query]
        for side in ("prober", "responder"):
            history = texts[f"{side}_history"]
            context.append(self._layer(f"{side}_summary")(history.states, query, mask=history.mask))
        mask = tf.not_equal(inputs["document"], 0)
        matched = self._matched(kept, inputs, texts, mask) if MATCH_STATES in kept else None
        outputs = {"document_mask": mask}
        for edge, part in zip(EDGES, self._span_states(kept[SPAN_STATES])):
            scores = self._layer(f"{edge}_interaction").score(part, context, matched)
            outputs[f"{edge}_logits"] = mask_logits(scores, mask)
        return outputs

    def _span_states(self, kept: tf.Tensor) -> list[tf.Tensor]:
        """What is kept for the start, and what is kept for the end."""
        if self._config.interaction == "mul":
            return [kept, kept]
        return list(tf.split(kept, 2, axis=-1))

    def _matched(
        self,
        kept: Mapping[str, tf.Tensor],
        inputs: Mapping[str, tf.Tensor],
        texts: Mapping[str, ReadText],
        mask: tf.Tensor,
    ) -> tf.Tensor:
        """The states of the layer that reads match features, (questions, doc_len, 2*match_units)."""
        assert isinstance(self._config, SamMatchConfig)
        embed = self._layer("word_embedding")
        vectors = {name: texts[name].vectors for name in CONTEXT}
        vectors["document"] = embed(inputs["document"], text="document")
        words = [Words(inputs[name], inputs[f"{name}_keys"], vectors[name]) for name in INPUTS]
        features = self._layer("match_features")(words)  # (questions, doc_len, features)
        narrow = kept[MATCH_STATES]
        joined = [tf.broadcast_to(narrow, [*tf.unstack(tf.shape(features)[:2]), narrow.shape[-1]]), features]
        if self._config.align_units:
            align = self._layer("aligned_query")
            query = texts["query"]
            joined.append(align(vectors["document"], query.vectors, query.mask))
        rows = tf.broadcast_to(mask, tf.shape(features)[:2])
        return self._layer("match_reader")(tf.concat(joined, axis=-1), mask=rows)

    def _read(self, name: str, ids: tf.Tensor) -> ReadText:
        encoder = self._layer(encoder_of(name, self._config.encoder_sharing))
        return read_text(name, ids, self._layer("word_embedding"), encoder)

    def _read_context(self, inputs: Mapping[str, tf.Tensor]) -> dict[str, ReadText]:
        if self._config.encoder_sharing == "none":
            return {name: self._read(name, inputs[name]) for name in CONTEXT}
        encoder = self._layer(encoder_of(CONTEXT[0], self._config.encoder_sharing))
        return read_context(inputs, self._layer("word_embedding"), encoder)
