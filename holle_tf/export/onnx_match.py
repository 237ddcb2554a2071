"""Match features and what reads them, in an ONNX graph."""

from __future__ import annotations

from typing import Mapping

import numpy as np
from onnx import TensorProto

from holle_tf.catalogue import SamMatchConfig
from holle_tf.export.onnx_graph import Graph
from holle_tf.export.onnx_recurrent import bidirectional
from holle_tf.export.onnx_sam import OnnxText
from holle_tf.export.student import Student, recurrent_layer
from holle_tf.models.layers.aligned_query import AlignedQuery
from holle_tf.models.layers.masking import MASKED_LOGIT
from holle_tf.models.layers.match_features import EPSILON
from holle_tf.models.sam import CONTEXT
from pipelines.vocabulary import UNK
from pipelines.word_keys import WORD_BITS


def narrow_states(g: Graph, student: Student, states: str) -> str:
    """The projection of a document's states that the layer of the match features reads."""
    projection = student.model.get_layer("match_projection")
    narrow = g.op("MatMul", states, g.weight("match_projection", projection.kernel.numpy()))
    return str(g.op("Add", narrow, g.weight("match_projection_bias", projection.bias.numpy())))


def matched_states(
    g: Graph, student: Student, narrow: str, texts: Mapping[str, OnnxText], keys: Mapping[str, str]
) -> str:
    """The states of the layer that reads match features: (batch, length, 2*match_units).

    Args:
        g: the graph.
        student: one that matches.
        narrow: what ``narrow_states`` returned, (batch, length, match_units).
        texts: by name. The document may have a single row for all rows of the others.
        keys: int32 (batch, length) of each text.
    """
    config, model, document = student.config, student.model, texts["document"]
    assert isinstance(config, SamMatchConfig)
    joined = [narrow, _match_features(g, config, texts, keys)]
    if config.align_units:
        joined.append(_aligned_query(g, model.get_layer("aligned_query"), document, texts["query"]))
    layer = recurrent_layer(model.get_layer("match_reader"))
    inputs = g.op("Concat", *joined, axis=2)
    states, _ = bidirectional(g, "match_reader", [layer], inputs, document.lengths)
    return states


def _match_features(
    g: Graph, config: SamMatchConfig, texts: Mapping[str, OnnxText], keys: Mapping[str, str]
) -> str:
    """(batch, length, features), in the order of ``models.layers.match_features``."""
    document = texts["document"]
    own = _unit_vectors(g, document) if config.soft_match else ""
    real = g.op("Unsqueeze", document.real, g.constant([2]))
    features = []
    for name in CONTEXT:
        exact = _occurs(g, keys["document"], keys[name], real)
        features.append(exact)
        if config.stem_match:
            features.append(_occurs(g, _stems(g, keys["document"]), _stems(g, keys[name]), real))
        if config.soft_match:
            others = g.op("Transpose", _unit_vectors(g, texts[name]), perm=[0, 2, 1])
            alike = g.op("ReduceMax", g.op("MatMul", own, others), axes=[2], keepdims=1)
            features.append(g.op("Max", exact, alike))
    return g.op("Concat", *features, axis=2)


def _stems(g: Graph, keys: str) -> str:
    return str(g.op("Div", keys, g.constant(1 << WORD_BITS, np.int32)))


def _occurs(g: Graph, keys: str, others: str, real: str) -> str:
    """1 for every key that is among the others, else 0: float (batch, length, 1)."""
    pairs = g.op("Unsqueeze", keys, g.constant([2])), g.op("Unsqueeze", others, g.constant([1]))
    same = g.op("Cast", g.op("Equal", *pairs), to=TensorProto.FLOAT)  # (batch, length, words)
    return g.op("Mul", g.op("ReduceMax", same, axes=[2], keepdims=1), real)


def _aligned_query(g: Graph, layer: AlignedQuery, document: OnnxText, query: OnnxText) -> str:
    """(batch, length, word_dim), see ``models.layers.aligned_query``."""
    kernel, bias = layer.projection.get_weights()
    projected = []
    for text in (document, query):
        product = g.op("MatMul", text.vectors, g.weight("aligned_query", kernel))
        projected.append(g.op("Relu", g.op("Add", product, g.weight("aligned_query_bias", bias))))
    similarity = g.op("MatMul", projected[0], g.op("Transpose", projected[1], perm=[0, 2, 1]))
    words = g.op("Unsqueeze", query.mask, g.constant([1]))
    masked = g.op("Where", words, similarity, g.constant(MASKED_LOGIT, np.float32))
    weights = g.op("Mul", g.op("Softmax", masked, axis=2), g.op("Unsqueeze", query.real, g.constant([1])))
    aligned = g.op("MatMul", weights, query.vectors)
    return g.op("Mul", aligned, g.op("Unsqueeze", document.real, g.constant([2])))


def _unit_vectors(g: Graph, text: OnnxText) -> str:
    """Word vectors of length 1 (batch, length, word_dim), zero for unknown words and padding."""
    known = g.op("Cast", g.op("Greater", text.ids, g.constant(UNK, np.int32)), to=TensorProto.FLOAT)
    vectors = g.op("Mul", text.vectors, g.op("Unsqueeze", known, g.constant([2])))
    squares = g.op("ReduceSumSquare", vectors, axes=[2], keepdims=1)
    return g.op("Div", vectors, g.op("Sqrt", g.op("Add", squares, g.constant(EPSILON, np.float32))))
