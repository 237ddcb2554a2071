"""Simple Attention Model, the student (paper, section 3.3).

Its sizes and their defaults are ``SamConfig`` in ``holle_tf/catalogue.py``.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from holle_tf.catalogue import MODELS, SamConfig
from holle_tf.models.layers.history_attention import HistorySummary
from holle_tf.models.layers.interaction import make_interaction
from holle_tf.models.layers.masking import mask_logits
from holle_tf.models.layers.text_encoder import TextEncoder
from holle_tf.models.layers.word_embedding import WordEmbedding
from holle_tf.models.outputs import span_outputs

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
    masks = {name: tf.not_equal(ids[name], 0) for name in INPUTS}
    embed = WordEmbedding(embeddings, trainable_embeddings=trainable_embeddings, name="word_embedding")

    def encoder(name: str) -> TextEncoder:
        return TextEncoder(config.cell, config.units, config.layers, config.dropout, name=name)

    # The query needs only its final state q; the other texts need every position.
    encoded, final = {}, {}  # (batch, length, 2*units), (batch, 2*units)
    if config.encoder_sharing == "none":
        for name in INPUTS:
            encoded[name], final[name] = encoder(f"{name}_encoder")(
                embed(ids[name], text=name), mask=masks[name]
            )
    else:
        context_encoder = encoder("encoder" if config.encoder_sharing == "all" else "context_encoder")
        document_encoder = context_encoder if config.encoder_sharing == "all" else encoder("document_encoder")
        encoded["document"], _ = document_encoder(
            embed(ids["document"], text="document"), mask=masks["document"]
        )
        # The three short texts are read as rows of one batch: a third of the recurrent steps.
        stacked = StackTexts(name="stack_context")([ids[name] for name in CONTEXT])
        rows, last = context_encoder(embed(stacked, text="context"), mask=tf.not_equal(stacked, 0))
        masks.update(zip(CONTEXT, [tf.not_equal(part, 0) for part in tf.split(stacked, len(CONTEXT))]))
        encoded.update(zip(CONTEXT, tf.split(rows, len(CONTEXT))))
        final.update(zip(CONTEXT, tf.split(last, len(CONTEXT))))
    query = final["query"]  # (batch, 2*units)

    def interaction(name: str) -> tf.keras.layers.Layer:
        return make_interaction(config.interaction, config.inner_units, name=name)

    vectors = {}
    for side in ("prober", "responder"):
        summary = HistorySummary(interaction(f"{side}_interaction"), name=f"{side}_summary")
        vectors[side] = summary(encoded[f"{side}_history"], query, mask=masks[f"{side}_history"])

    context = [query, vectors["prober"], vectors["responder"]]
    logits = [
        mask_logits(interaction(f"{edge}_interaction")([encoded["document"], *context]), masks["document"])
        for edge in ("start", "end")
    ]
    outputs = span_outputs(
        logits[0],
        logits[1],
        document_mask=masks["document"],
        prober_vector=vectors["prober"],
        responder_vector=vectors["responder"],
    )
    return tf.keras.Model(ids, outputs, name=f"sam_{config.interaction}")


@tf.keras.utils.register_keras_serializable(package="holle_tf")
class StackTexts(tf.keras.layers.Layer):
    """Stacks several texts as rows of one batch: n times (batch, length_i) ids -> (n*batch, max length)."""

    def call(self, texts: list[tf.Tensor]) -> tf.Tensor:
        width = tf.reduce_max([tf.shape(text)[1] for text in texts])
        padded = [tf.pad(text, [[0, 0], [0, width - tf.shape(text)[1]]]) for text in texts]
        return tf.concat(padded, axis=0)  # (n*batch, max length)
