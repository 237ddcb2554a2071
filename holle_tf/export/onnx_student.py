"""SAM as an ONNX graph, each bidirectional layer one GRU or LSTM node."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import tensorflow as tf
from onnx import TensorProto, helper

from holle_tf.export.client_files import write_client_files
from holle_tf.export.onnx_graph import Graph
from holle_tf.export.onnx_match import OnnxText, matched_states
from holle_tf.export.onnx_recurrent import bidirectional
from holle_tf.export.readback import Read
from holle_tf.export.student import Student, encoder_of, recurrent_layers
from holle_tf.models.layers.masking import MASKED_LOGIT
from holle_tf.models.sam import INPUTS
from holle_tf.options.export import ExportConfig
from pipelines.records import split_input

MODEL = "model.onnx"


def export_onnx(student: Student, folder: Path, options: ExportConfig) -> None:
    """Write ``model.onnx`` and what a client needs beside it.

    Inputs: int32 ids ``document``, ``query``, ``prober_history``, ``responder_history``, (batch, length), 0 =
    padding on the right; a length may be 0; and of a student with match features as many keys,
    ``document_keys`` and so on (``pipelines.word_keys``). Outputs: ``start_probabilities``,
    ``end_probabilities``, float32 (batch, words of the document), zero on padding.
    """
    onnx.save(onnx_model(student, options.quantization), str(folder / MODEL))
    write_client_files(student, folder)


def read_onnx(folder: Path, threads: int) -> Read:
    """See ``readback.load_reader``."""
    import onnxruntime  # what writes the file does not need it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(folder / MODEL), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda ids: dict(zip(names, session.run(names, dict(ids))))


def onnx_model(student: Student, quantization: str) -> onnx.ModelProto:
    """The model that ``export_onnx`` writes."""
    build = _Build(student, quantization)
    graph, texts = build.graph, {name: build.text(name) for name in INPUTS}
    query = texts["query"].final
    sides = [build.summary(side, texts[f"{side}_history"], query) for side in ("prober", "responder")]
    document = texts["document"]
    states = matched_states(build.graph, student, texts) if student.matches else document.states
    outputs = {}
    for edge in ("start", "end"):
        logits = build.interaction(f"{edge}_interaction", states, [query, *sides])
        likely = build.softmax(logits, document)
        name = f"{edge}_probabilities"
        # Without the column that was added in ``text``.
        cut = graph.op("Slice", likely, *(graph.constant([value]) for value in (0, -1, 1)))
        outputs[name] = (
            cut,
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", "document_words"]),
        )
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", f"{split_input(name)[0]}_words"])
        for name in student.inputs
    ]
    return graph.model(inputs, outputs, "Start and end of the span of a document that answers a query.")


class _Build:
    def __init__(self, student: Student, quantization: str):
        self.student, self.graph = student, Graph(quantization)
        encoders = {encoder_of(name, student.config.encoder_sharing) for name in INPUTS}
        self._layers = {name: recurrent_layers(student.model, name) for name in encoders}

    def text(self, name: str) -> OnnxText:
        """Look up and encode one of the inputs."""
        g, units = self.graph, self.student.config.units
        ids = g.op("Pad", name, g.constant([0, 0, 0, 1]))  # a recurrence needs a first step
        mask = g.op("Not", g.op("Equal", ids, g.constant(0, np.int32)))
        words = g.op("ReduceSum", g.op("Cast", mask, to=TensorProto.INT32), g.constant([1]), keepdims=0)
        real = g.op("Cast", mask, to=TensorProto.FLOAT)
        some = g.op("Greater", words, g.constant(0, np.int32))  # (batch,)
        some = g.op("Unsqueeze", some, g.constant([1]))
        lengths = g.op("Max", words, g.constant(1, np.int32))
        vectors = g.rows("word_vectors", self.student.vectors, ids)
        encoder = encoder_of(name, self.student.config.encoder_sharing)
        states, final = bidirectional(g, encoder, self._layers[encoder], vectors, lengths)
        states = g.op("Mul", states, g.op("Unsqueeze", real, g.constant([2])))
        final = g.op("Reshape", g.op("Transpose", final, perm=[1, 0, 2]), g.constant([0, 2 * units]))
        final = g.op("Mul", final, g.op("Cast", some, to=TensorProto.FLOAT))
        return OnnxText(ids, lengths, vectors, states, final, mask, real, some)

    def interaction(
        self, name: str, sequence: str, vectors: list[str], layer: tf.keras.layers.Layer = None
    ) -> str:
        """Scores (batch, length) of every vector of a sequence with single vectors (batch, size)."""
        g = self.graph
        layer = layer or self.student.model.get_layer(name)
        kernels = [kernel.numpy() for kernel in layer._maps]
        joined = vectors[0] if len(vectors) == 1 else g.op("Concat", *vectors, axis=1)
        if self.student.config.interaction == "mul":
            mapped = g.op("MatMul", joined, g.weight(f"{name}_kernel", np.concatenate(kernels)))
            scores = g.op("MatMul", sequence, g.op("Unsqueeze", mapped, g.constant([2])))
        else:
            inner = g.op("MatMul", sequence, g.weight(f"{name}_sequence_kernel", kernels[0]))
            mapped = g.op("MatMul", joined, g.weight(f"{name}_kernel", np.concatenate(kernels[1:])))
            inner = g.op("Tanh", g.op("Add", inner, g.op("Unsqueeze", mapped, g.constant([1]))))
            scores = g.op("MatMul", inner, g.weight(f"{name}_score", layer._score.numpy()))
        return g.op("Squeeze", scores, g.constant([2]))

    def softmax(self, logits: str, text: OnnxText) -> str:
        """Probabilities (batch, length) over the words of a text; zeros if it has none."""
        g = self.graph
        masked = g.op("Where", text.mask, logits, g.constant(MASKED_LOGIT, np.float32))
        return g.op("Mul", g.op("Softmax", masked, axis=1), text.real)

    def summary(self, side: str, history: OnnxText, query: str) -> str:
        """A side's history seen from the query, (batch, 2*units); the learned vector without one."""
        g, layer = self.graph, self.student.model.get_layer(f"{side}_summary")
        scores = self.interaction(f"{side}_summary", history.states, [query], layer.interaction)
        weights = g.op("Unsqueeze", self.softmax(scores, history), g.constant([1]))
        summary = g.op("Squeeze", g.op("MatMul", weights, history.states), g.constant([1]))
        return g.op("Where", history.any, summary, g.weight(f"{side}_empty", layer._empty.numpy()[None]))
