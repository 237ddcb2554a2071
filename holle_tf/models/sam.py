"""Simple Attention Model, the student (paper, section 3.3).

Its sizes and their defaults are ``SamConfig`` in ``holle_tf/catalogue.py``.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple

import numpy as np
import tensorflow as tf

from holle_tf.catalogue import MODELS, SamConfig
from holle_tf.models.layers.history_attention import HistorySummary
from holle_tf.models.layers.interaction import make_interaction
from holle_tf.models.layers.masking import mask_logits
from holle_tf.models.layers.text_encoder import TextEncoder
from holle_tf.models.layers.word_embedding import WordEmbedding
from holle_tf.models.outputs import EDGES, span_outputs

INPUTS = MODELS["sam"].inputs
CONTEXT = INPUTS[1:]


def build_sam(
    config: SamConfig, embeddings: np.ndarray, char_count: int = 0, trainable_embeddings: bool = False
) -> tf.keras.Model:
    """Build SAM over word ids.

    The query is summarised by its encoder's final state q; each side's history by attention from q
    (h^P, h^R); every document position is scored against q, h^P and h^R, with weights of its own for
    the start and the end of the span.

    Args:
        config: sizes; ``interaction`` is add or mul everywhere (paper, section 4.1).
        embeddings: float32, (vocabulary, word_dim); row 0 is padding, row 1 the unknown word.
        char_count: not used; SAM reads no characters.
        trainable_embeddings: learn the word vectors too (data without GloVe).

    Returns:
        A functional model. Inputs: int32 ids ``document`` (batch, doc_len), ``query``,
        ``prober_history``, ``responder_history`` (batch, length), 0 = padding. Outputs: those of
        ``span_outputs`` with ``prober_vector`` and ``responder_vector``, (batch, 2*units).
    """
    del char_count
    ids = {name: tf.keras.Input((None,), dtype=tf.int32, name=name) for name in INPUTS}
    embed = WordEmbedding(embeddings, trainable_embeddings=trainable_embeddings, name="word_embedding")
    texts = read_texts(config, ids, embed)
    return tf.keras.Model(
        ids, span_scores(config, texts, texts["document"].states), name=f"sam_{config.interaction}"
    )


class ReadText(NamedTuple):
    """A text that was looked up and encoded.

    Attributes:
        ids: int32 (batch, length), 0 = padding; of a text that was stacked with others, of their width.
        mask: bool (batch, length), true on words.
        vectors: (batch, length, word_dim), its words' vectors.
        states: (batch, length, 2*units), zero on padding.
        final: (batch, 2*units), the last states of both directions.
    """

    ids: tf.Tensor
    mask: tf.Tensor
    vectors: tf.Tensor
    states: tf.Tensor
    final: tf.Tensor


def read_texts(config: SamConfig, ids: Mapping[str, tf.Tensor], embed: WordEmbedding) -> dict[str, ReadText]:
    """Look up and encode all texts, by name.

    Args:
        config: sizes of the encoders, and which texts share one.
        ids: int32 (batch, length) by name, those of ``INPUTS``.
        embed: the layer of the word vectors.
    """

    def encoder(name: str) -> TextEncoder:
        return TextEncoder(config.cell, config.units, config.layers, config.dropout, name=name)

    if config.encoder_sharing == "none":
        return {name: read_text(name, ids[name], embed, encoder(f"{name}_encoder")) for name in INPUTS}
    context_encoder = encoder("encoder" if config.encoder_sharing == "all" else "context_encoder")
    document_encoder = context_encoder if config.encoder_sharing == "all" else encoder("document_encoder")
    document = read_text("document", ids["document"], embed, document_encoder)
    return {"document": document, **read_context(ids, embed, context_encoder)}


def encoder_of(text: str, sharing: str) -> str:
    """Name of the layer of ``build_sam`` that encodes one of its inputs."""
    if sharing == "all":
        return "encoder"
    if sharing == "context" and text in CONTEXT:
        return "context_encoder"
    return f"{text}_encoder"


def read_text(name: str, ids: tf.Tensor, embed: WordEmbedding, encoder: TextEncoder) -> ReadText:
    """Look up and encode one text: int32 (batch, length)."""
    vectors, mask = embed(ids, text=name), tf.not_equal(ids, 0)
    return ReadText(ids, mask, vectors, *encoder(vectors, mask=mask))


def read_context(
    ids: Mapping[str, tf.Tensor], embed: WordEmbedding, encoder: TextEncoder
) -> dict[str, ReadText]:
    """Look up and encode the three short texts by the encoder that they share."""
    # They are read as rows of one batch: a third of the recurrent steps.
    stacked = StackTexts(name="stack_context")([ids[name] for name in CONTEXT])
    together = read_text("context", stacked, embed, encoder)
    parts = (stacked, together.vectors, together.states, together.final)
    texts = {}
    split = zip(*(tf.split(part, len(CONTEXT)) for part in parts))
    for name, (numbers, vectors, states, final) in zip(CONTEXT, split):
        texts[name] = ReadText(numbers, tf.not_equal(numbers, 0), vectors, states, final)
    return texts


def span_scores(config: SamConfig, texts: Mapping[str, ReadText], states: tf.Tensor) -> dict[str, tf.Tensor]:
    """The outputs of ``build_sam``: every position of the document against q, h^P and h^R.

    Args:
        config: ``interaction``.
        texts: what ``read_texts`` returns.
        states: (batch, doc_len, size), what is scored of each word of the document.
    """
    query = texts["query"].final  # (batch, 2*units); the other texts need every position

    def interaction(name: str) -> tf.keras.layers.Layer:
        return make_interaction(config.interaction, config.inner_units, name=name)

    vectors = {}
    for side in ("prober", "responder"):
        summary = HistorySummary(interaction(f"{side}_interaction"), name=f"{side}_summary")
        history = texts[f"{side}_history"]
        vectors[side] = summary(history.states, query, mask=history.mask)

    context = [query, vectors["prober"], vectors["responder"]]
    mask = texts["document"].mask
    logits = [mask_logits(interaction(f"{edge}_interaction")([states, *context]), mask) for edge in EDGES]
    return span_outputs(
        logits[0],
        logits[1],
        document_mask=mask,
        prober_vector=vectors["prober"],
        responder_vector=vectors["responder"],
    )


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class StackTexts(tf.keras.layers.Layer):
    """Stacks several texts as rows of one batch: n times (batch, length_i) ids -> (n*batch, max length)."""

    def call(self, texts: list[tf.Tensor]) -> tf.Tensor:
        width = tf.reduce_max([tf.shape(text)[1] for text in texts])
        padded = [tf.pad(text, [[0, 0], [0, width - tf.shape(text)[1]]]) for text in texts]
        return tf.concat(padded, axis=0)  # (n*batch, max length)
