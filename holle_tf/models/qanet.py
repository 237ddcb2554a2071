"""QANet for response prediction, the second teacher (paper, section 3.2; Yu et al., 2018).

Its sizes and their defaults are ``QanetConfig`` in ``holle_tf/catalogue.py``.
"""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from holle_tf.catalogue import MODELS, QanetConfig
from holle_tf.models.layers.char_cnn import CharCNN
from holle_tf.models.layers.encoder_block import EncoderBlock
from holle_tf.models.layers.fast_dropout import FastDropout
from holle_tf.models.layers.highway import Highway
from holle_tf.models.layers.match_features import MatchFeatures, matches_both_ways
from holle_tf.models.layers.segments import QuestionSegments
from holle_tf.models.layers.span_logits import SpanLogits
from holle_tf.models.layers.trilinear_attention import QanetAttention
from holle_tf.models.layers.word_embedding import WordEmbedding
from holle_tf.models.matching_start import start_with_matches
from holle_tf.models.outputs import span_outputs

PASSES = 3  # of the model encoder, with the same weights


def survival_chances(sublayers: int, at_top: float) -> list[float]:
    """The probability of keeping each sublayer: it falls linearly, to ``at_top`` for the topmost."""
    return [1.0 - (i + 1) / sublayers * (1.0 - at_top) for i in range(sublayers)]


def build_qanet(
    config: QanetConfig, embeddings: np.ndarray, char_count: int, trainable_embeddings: bool = False
) -> tf.keras.Model:
    """Build QANet.

    Args:
        config: sizes and rates.
        embeddings: float32 (vocabulary, word_dim); rows 0 (padding) and 1 (unknown) are not used.
        char_count: characters in the vocabulary, padding included.
        trainable_embeddings: train all word vectors, not only that of unknown words.

    Returns:
        A functional model. Inputs, all int32 with 0 as padding: ``document`` (batch, doc_len),
        ``document_chars`` (batch, doc_len, chars), ``question`` (query, prober and responder history
        joined) and ``question_chars`` likewise, ``query`` and ``prober_history`` (only for their lengths);
        with ``match`` also ``document_keys`` and ``question_keys`` (batch, length).
        Outputs: ``start_logits``, ``end_logits`` float32 (batch, doc_len) with -1e9 on padding,
        ``document_mask`` bool (batch, doc_len), ``mean_context_to_query`` float32 (batch, units),
        ``similarity_row_sums`` float32 (batch, doc_len) with 0 on padding, see ``QanetAttention``.
    """
    names = MODELS["qanet"].inputs_with(config)
    shapes = {name: (None, None) if name.endswith("_chars") else (None,) for name in names}
    inputs = {name: tf.keras.Input(shapes[name], dtype=tf.int32, name=name) for name in names}
    document_mask = tf.not_equal(inputs["document"], 0)
    question_mask = tf.not_equal(inputs["question"], 0)

    word_embedding = WordEmbedding(embeddings, trainable_embeddings, name="word_embedding")

    @functools.cache
    def look_up(text: str) -> tf.Tensor:
        return word_embedding(inputs[text], text=text)  # (batch, length, word_dim)

    word_dropout = FastDropout(config.word_dropout)
    char_cnn = CharCNN(
        char_count, config.char_dim, config.units, config.char_width, config.char_dropout, name="char_cnn"
    )
    joined = tf.keras.layers.Concatenate()
    projection = tf.keras.layers.Dense(config.units, use_bias=False, name="projection")
    highway = Highway(config.highway_layers, None, config.dropout, name="highway")

    features: dict[str, list[tf.Tensor]] = {"document": [], "question": []}  # of each word, beyond its vector
    if config.match:
        match = MatchFeatures(learned_vectors=trainable_embeddings, name="match_features")
        features = matches_both_ways(match, inputs, look_up)

    def embed(text: str) -> tf.Tensor:
        words = word_dropout(look_up(text))
        chars = char_cnn(inputs[f"{text}_chars"])  # (batch, length, units)
        return highway(projection(joined([words, chars, *features[text]])))  # (batch, length, units)

    encoder = EncoderBlock(
        config.units,
        config.heads,
        config.encoder_convs,
        config.encoder_kernel,
        survival_chances(config.encoder_convs + 2, config.survival),
        config.dropout,
        config.chunked_training,
        name="embedding_encoder",
    )
    document = encoder(embed("document"), mask=document_mask)
    question, question_bias = embed("question"), None
    if config.segments:
        parts = [inputs[name] for name in ("question", "query", "prober_history")]
        question, question_bias = QuestionSegments(name="segments")([question, *parts])
    question = encoder(question, mask=question_mask)

    attention = QanetAttention(dropout=config.dropout, name="context_query_attention")
    joint, row_sums, mean_context_to_query = attention(
        [document, question],
        document_mask=document_mask,
        question_mask=question_mask,
        question_bias=question_bias,
    )
    x = tf.keras.layers.Dense(config.units, use_bias=False, name="attention_projection")(joint)

    depth = config.model_convs + 2
    chances = survival_chances(depth * config.model_blocks, config.survival)
    blocks = [
        EncoderBlock(
            config.units,
            config.heads,
            config.model_convs,
            config.model_kernel,
            chances[i * depth : (i + 1) * depth],
            config.dropout,
            config.chunked_training,
            name=f"model_encoder_{i}",
        )
        for i in range(config.model_blocks)
    ]
    pass_dropout = FastDropout(config.dropout)
    passes = []
    for i in range(PASSES):
        if i % 2 == 0:
            x = pass_dropout(x)
        for block in blocks:
            x = block(x, mask=document_mask)
        passes.append(x)

    start = SpanLogits(use_bias=False, name="start")([passes[0], passes[1]], mask=document_mask)
    end = SpanLogits(use_bias=False, name="end")([passes[0], passes[2]], mask=document_mask)
    outputs = span_outputs(
        start,
        end,
        document_mask,
        mean_context_to_query=mean_context_to_query,
        similarity_row_sums=row_sums,
    )
    model = tf.keras.Model(inputs, outputs, name="qanet")
    if config.matching_start:
        start_with_matches(model, config.model_blocks)
    return model
