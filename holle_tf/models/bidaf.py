"""BiDAF for response prediction, the first teacher (paper, section 3.1; Seo et al., 2016).

Its sizes and their defaults are ``BidafConfig`` in ``holle_tf/catalogue.py``.
"""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from holle_tf.catalogue import MODELS, BidafConfig
from holle_tf.models.layers.bidirectional import BidirectionalRNN
from holle_tf.models.layers.char_cnn import CharCNN
from holle_tf.models.layers.fast_dropout import FastDropout
from holle_tf.models.layers.highway import Highway
from holle_tf.models.layers.match_features import MatchFeatures, matches_both_ways
from holle_tf.models.layers.segments import QuestionSegments
from holle_tf.models.layers.span_logits import SpanLogits
from holle_tf.models.layers.start_summary import StartSummary
from holle_tf.models.layers.trilinear_attention import BidafAttention
from holle_tf.models.layers.word_embedding import WordEmbedding
from holle_tf.models.outputs import span_outputs


def build_bidaf(
    config: BidafConfig, embeddings: np.ndarray, char_count: int, trainable_embeddings: bool = False
) -> tf.keras.Model:
    """Build BiDAF.

    The layout is that of the original code, not of the paper's equations: the second input of the end
    pointer is an LSTM over ``[G; M1; a; M1 * a]``, with ``a`` the start-weighted sum of ``M1``.

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
        ``document_mask`` bool (batch, doc_len), ``mean_context_to_query`` and ``query_to_context`` float32
        (batch, 2 * units), see ``BidafAttention``.
    """
    names = MODELS["bidaf"].inputs_with(config)
    shapes = {name: (None, None) if name.endswith("_chars") else (None,) for name in names}
    inputs = {name: tf.keras.Input(shapes[name], dtype=tf.int32, name=name) for name in names}
    document_mask = tf.not_equal(inputs["document"], 0)
    question_mask = tf.not_equal(inputs["question"], 0)
    dropout = FastDropout(config.dropout)

    word_embedding = WordEmbedding(embeddings, trainable_embeddings, name="word_embedding")

    @functools.cache
    def look_up(text: str) -> tf.Tensor:
        return word_embedding(inputs[text], text=text)  # (batch, length, word_dim)

    char_cnn = CharCNN(
        char_count, config.char_dim, config.char_filters, config.char_width, config.dropout, name="char_cnn"
    )
    joined = tf.keras.layers.Concatenate()
    highway = Highway(config.highway_layers, "relu", name="highway")
    encoder = BidirectionalRNN("lstm", config.units, name="encoder")  # shared by document and question

    features: dict[str, list[tf.Tensor]] = {"document": [], "question": []}  # of each word, beyond its vector
    if config.match:
        match = MatchFeatures(learned_vectors=trainable_embeddings, name="match_features")
        features = matches_both_ways(match, inputs, look_up)

    def embed(text: str) -> tf.Tensor:
        words = look_up(text)
        chars = char_cnn(inputs[f"{text}_chars"])  # (batch, length, char_filters)
        return highway(joined([words, chars, *features[text]]))  # (batch, length, word_dim + char_filters)

    document = encoder(dropout(embed("document")), mask=document_mask)  # (batch, doc_len, 2 * units)
    question, question_bias = embed("question"), None
    if config.segments:
        parts = [inputs[name] for name in ("question", "query", "prober_history")]
        question, question_bias = QuestionSegments(name="segments")([question, *parts])
    question = encoder(dropout(question), mask=question_mask)  # (batch, question_len, 2 * units)
    joint, query_to_context, mean_context_to_query = BidafAttention(name="attention_flow")(
        [document, question],
        document_mask=document_mask,
        question_mask=question_mask,
        question_bias=question_bias,
    )  # (batch, doc_len, 8 * units), (batch, 2 * units) twice

    start_states = joint
    for i in range(config.modelling_layers):
        start_states = BidirectionalRNN("lstm", config.units, name=f"modelling_{i}")(
            dropout(start_states), mask=document_mask
        )
    dropped = dropout(joint)
    start_logits = SpanLogits(name="start")([dropped, dropout(start_states)], mask=document_mask)

    end_inputs = StartSummary(name="start_summary")([joint, start_states, start_logits])
    end_states = BidirectionalRNN("lstm", config.units, name="end_modelling")(
        dropout(end_inputs), mask=document_mask
    )
    end_logits = SpanLogits(name="end")([dropped, dropout(end_states)], mask=document_mask)

    outputs = span_outputs(
        start_logits,
        end_logits,
        document_mask,
        mean_context_to_query=mean_context_to_query,
        query_to_context=query_to_context,
    )
    return tf.keras.Model(inputs, outputs, name="bidaf")
