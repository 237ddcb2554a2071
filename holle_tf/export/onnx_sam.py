"""The parts of SAM as nodes of an ONNX graph."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np
import tensorflow as tf
from onnx import TensorProto

from holle_tf.export.onnx_graph import Graph
from holle_tf.export.onnx_recurrent import bidirectional
from holle_tf.export.student import Student, recurrent_layers
from holle_tf.models.layers.masking import MASKED_LOGIT
from holle_tf.models.sam import encoder_of


class OnnxText(NamedTuple):
    """Names of an encoded text's tensors.

    Attributes:
        ids: int32 (batch, length).
        lengths: int32 (batch,), at least 1.
        vectors: (batch, length, word_dim), its words' vectors.
        mask: bool (batch, length).
        real: float (batch, length), the mask.
        any: bool (batch, 1), whether the row has words.
        states: (batch, length, 2*units), zero on padding; empty if the text was not encoded.
        final: (batch, 2*units), both directions' last state; zero for a row without words; or empty.
    """

    ids: str
    lengths: str
    vectors: str
    mask: str
    real: str
    any: str
    states: str = ""
    final: str = ""


class SamNodes:
    """Adds nodes that read texts and compare their vectors.

    Args:
        student: the weights.
        quantization: see ``Graph``.
    """

    def __init__(self, student: Student, quantization: str):
        self.student, self.graph = student, Graph(quantization)

    def look_up(self, name: str, extra: int = 0) -> OnnxText:
        """Look up the words of one of the inputs, with so many columns of padding added."""
        g = self.graph
        ids = g.op("Pad", name, g.constant([0, 0, 0, extra])) if extra else name
        mask = g.op("Not", g.op("Equal", ids, g.constant(0, np.int32)))
        words = g.op("ReduceSum", g.op("Cast", mask, to=TensorProto.INT32), g.constant([1]), keepdims=0)
        real = g.op("Cast", mask, to=TensorProto.FLOAT)
        some = g.op("Greater", words, g.constant(0, np.int32))  # (batch,)
        some = g.op("Unsqueeze", some, g.constant([1]))
        lengths = g.op("Max", words, g.constant(1, np.int32))
        vectors = g.rows("word_vectors", self.student.vectors, ids)
        return OnnxText(ids, lengths, vectors, mask, real, some)

    def text(self, name: str, extra: int = 1) -> OnnxText:
        """Look up and encode one of the inputs.

        Args:
            name: of the input.
            extra: columns of padding to add. A recurrence needs a first step, so an input that may have no
                column needs one more.
        """
        g, units = self.graph, self.student.config.units
        text = self.look_up(name, extra)
        encoder = encoder_of(name, self.student.config.encoder_sharing)
        layers = recurrent_layers(self.student.model, encoder)
        states, final = bidirectional(g, encoder, layers, text.vectors, text.lengths)
        states = g.op("Mul", states, g.op("Unsqueeze", text.real, g.constant([2])))
        final = g.op("Reshape", g.op("Transpose", final, perm=[1, 0, 2]), g.constant([0, 2 * units]))
        final = g.op("Mul", final, g.op("Cast", text.any, to=TensorProto.FLOAT))
        return text._replace(states=states, final=final)

    def interaction(
        self, name: str, sequence: str, vectors: Sequence[str], layer: tf.keras.layers.Layer = None
    ) -> str:
        """Scores (batch, length) of every vector of a sequence with single vectors (batch, size)."""
        g = self.graph
        layer = layer or self.student.model.get_layer(name)
        mapped = self.map_vectors(name, vectors, layer)
        if self.student.config.interaction == "mul":
            scores = g.op("MatMul", sequence, g.op("Unsqueeze", mapped, g.constant([2])))
        else:
            inner = g.op("MatMul", sequence, self.sequence_kernel(name, layer))
            inner = g.op("Tanh", g.op("Add", inner, g.op("Unsqueeze", mapped, g.constant([1]))))
            scores = g.op("MatMul", inner, self.score_kernel(name, layer))
        return g.op("Squeeze", scores, g.constant([2]))

    def map_vectors(self, name: str, vectors: Sequence[str], layer: tf.keras.layers.Layer = None) -> str:
        """What an interaction compares with every vector of a sequence: (batch, size)."""
        g = self.graph
        layer = layer or self.student.model.get_layer(name)
        kernels = [kernel.numpy() for kernel in layer._maps]
        joined = vectors[0] if len(vectors) == 1 else g.op("Concat", *vectors, axis=1)
        of_vectors = kernels if self.student.config.interaction == "mul" else kernels[1:]
        return g.op("MatMul", joined, g.weight(f"{name}_kernel", np.concatenate(of_vectors)))

    def sequence_kernel(self, name: str, layer: tf.keras.layers.Layer = None) -> str:
        """The map of an additive interaction's sequence, (size, inner_units)."""
        layer = layer or self.student.model.get_layer(name)
        return self.graph.weight(f"{name}_sequence_kernel", layer._maps[0].numpy())

    def score_kernel(self, name: str, layer: tf.keras.layers.Layer = None) -> str:
        """The weights inside an additive interaction's sum, (inner_units, 1)."""
        layer = layer or self.student.model.get_layer(name)
        return self.graph.weight(f"{name}_score", layer._score.numpy())

    def softmax(self, logits: str, text: OnnxText) -> str:
        """Probabilities (batch, length) over the words of a text; zeros if it has none."""
        g = self.graph
        masked = g.op("Where", text.mask, logits, g.constant(MASKED_LOGIT, np.float32))
        return g.op("Mul", g.op("Softmax", masked, axis=1), text.real)

    def context(self, texts: dict[str, OnnxText]) -> list[str]:
        """q, h^P and h^R, (batch, 2*units) each."""
        query = texts["query"].final
        sides = ("prober", "responder")
        return [query, *(self._summary(side, texts[f"{side}_history"], query) for side in sides)]

    def _summary(self, side: str, history: OnnxText, query: str) -> str:
        """A side's history seen from the query, (batch, 2*units); the learned vector without one."""
        g, layer = self.graph, self.student.model.get_layer(f"{side}_summary")
        scores = self.interaction(f"{side}_summary", history.states, [query], layer.interaction)
        weights = g.op("Unsqueeze", self.softmax(scores, history), g.constant([1]))
        summary = g.op("Squeeze", g.op("MatMul", weights, history.states), g.constant([1]))
        return g.op("Where", history.any, summary, g.weight(f"{side}_empty", layer._empty.numpy()[None]))
