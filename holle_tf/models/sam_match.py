"""SAM with match features: a student that reads the document with the question in mind.

SAM meets the question as a single vector, after the document was encoded. This student also knows of every
word of the document whether it, or a word like it, occurs in the query or in either history, and which words
of the query are like it. These features come in behind the document's encoder, which therefore does not
depend on the question.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from holle_tf.catalogue import MODELS, SamMatchConfig
from holle_tf.models.layers.aligned_query import AlignedQuery
from holle_tf.models.layers.bidirectional import BidirectionalRNN
from holle_tf.models.layers.match_features import MatchFeatures, Words
from holle_tf.models.layers.word_embedding import WordEmbedding
from holle_tf.models.sam import INPUTS as TEXTS
from holle_tf.models.sam import read_texts, span_scores

INPUTS = MODELS["sam_match"].inputs


def build_sam_match(
    config: SamMatchConfig, embeddings: np.ndarray, char_count: int = 0, trainable_embeddings: bool = False
) -> tf.keras.Model:
    """Build SAM with match features over word ids and keys.

    The encoders, q, h^P and h^R are those of SAM. A narrow recurrent layer reads the projected states of the
    document's encoder together with the match features and the aligned query; its states, joined to those of
    the encoder, are scored against q, h^P and h^R.

    Args:
        config: sizes; ``interaction`` is add or mul everywhere.
        embeddings: float32, (vocabulary, word_dim); row 0 is padding, row 1 the unknown word.
        char_count: not used; the student reads no characters.
        trainable_embeddings: learn the word vectors too (data without GloVe).

    Returns:
        A functional model. Inputs: those of ``build_sam``, and of each text int32 keys of the same shape,
        ``document_keys`` and so on, 0 = padding. Outputs: those of ``build_sam``.
    """
    del char_count
    inputs = {name: tf.keras.Input((None,), dtype=tf.int32, name=name) for name in INPUTS}
    embed = WordEmbedding(embeddings, trainable_embeddings=trainable_embeddings, name="word_embedding")
    texts = read_texts(config, inputs, embed)
    words = [Words(inputs[name], inputs[f"{name}_keys"], texts[name].vectors) for name in TEXTS]
    match = MatchFeatures(config.stem_match, config.soft_match, trainable_embeddings, name="match_features")
    features = match(words)
    document = texts["document"]
    narrow = tf.keras.layers.Dense(config.match_units, name="match_projection")(document.states)
    joined = [narrow, tf.cast(features, narrow.dtype)]
    if config.align_units:
        query = texts["query"]
        align = AlignedQuery(config.align_units, name="aligned_query")
        joined.append(align(document.vectors, query.vectors, query.mask))
    reader = BidirectionalRNN(config.cell, config.match_units, name="match_reader")
    matched = reader(tf.concat(joined, axis=-1), mask=document.mask)  # (batch, doc_len, 2*match_units)
    states = tf.concat([document.states, matched], axis=-1)
    outputs = span_scores(config, texts, states)
    return tf.keras.Model(inputs, outputs, name=f"sam_match_{config.interaction}")
