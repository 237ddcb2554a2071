"""The two halves of a student as ONNX graphs: ``encode.onnx`` reads a document, ``answer.onnx`` a question.

What is kept of a document between them is described in ``models.halves``. Both halves read their weights from
``model.onnx``, so they add little more than their nodes to an export.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Optional

import numpy as np
import onnx
from onnx import TensorProto, helper

from holle_tf.export.onnx_graph import Graph
from holle_tf.export.onnx_match import matched_states, narrow_states
from holle_tf.export.onnx_sam import OnnxText, SamNodes
from holle_tf.export.readback import Read
from holle_tf.export.student import Student
from holle_tf.models.halves import MATCH_STATES, SPAN_STATES, kept_states
from holle_tf.models.layers.masking import MASKED_LOGIT
from holle_tf.models.outputs import EDGES
from holle_tf.models.sam import CONTEXT
from holle_tf.options.export import ExportConfig
from pipelines.records import split_input

ENCODE, ANSWER = "encode.onnx", "answer.onnx"
WEIGHTS_DIGEST = "weights_sha256"  # metadata of both halves: of the file that has their weights
SHARED_BYTES = 1024  # smaller weights are stored in the halves themselves
_TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16}


def write_halves(student: Student, model: Path, options: ExportConfig) -> None:
    """Write ``encode.onnx`` and ``answer.onnx`` beside ``model``, a file that ``onnx_model`` was saved to.

    ``encode.onnx``: int32 ids ``document``, (documents, length) with a length of at least 1, 0 = padding on
    the right. Outputs: what is kept, (documents, length, n) each, float32 or float16.

    ``answer.onnx``: the inputs of the model, and what is kept. The document's inputs and what is kept have a
    row for each question, or a single row for all questions. Outputs: those of the model.
    """
    weights = model.read_bytes()
    for name, make in ((ENCODE, encode_model), (ANSWER, answer_model)):
        half = make(student, options.quantization, options.document_states)
        share_weights(half, weights, model.name)
        (model.parent / name).write_bytes(half.SerializeToString())


def read_halves(folder: Path, threads: int) -> Read:
    """As ``onnx_student.read_onnx``, by both halves in turn."""
    import onnxruntime  # what writes the files does not need it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    providers = ["CPUExecutionProvider"]
    encode, answer = (
        onnxruntime.InferenceSession(str(folder / name), options, providers=providers)
        for name in (ENCODE, ANSWER)
    )
    kept = [output.name for output in encode.get_outputs()]
    names = [output.name for output in answer.get_outputs()]

    def read(ids: Any) -> dict[str, np.ndarray]:
        states = dict(zip(kept, encode.run(kept, {"document": ids["document"]})))
        return dict(zip(names, answer.run(names, {**ids, **states})))

    return read


def encode_model(student: Student, quantization: str, states: str) -> onnx.ModelProto:
    """The graph of ``encode.onnx``, with all weights inside.

    Args:
        quantization: of the weights.
        states: float32 | float16, of the outputs.
    """
    nodes = SamNodes(student, quantization)
    g, document = nodes.graph, nodes.text("document", extra=0)
    kept = {SPAN_STATES: document.states}
    if student.config.interaction == "add":
        kernels = [nodes.sequence_kernel(f"{edge}_interaction") for edge in EDGES]
        # Of the states of the encoder alone; onnxruntime computes this when it loads the file.
        both = _slice(g, g.op("Concat", *kernels, axis=1), 0, 2 * student.config.units, axis=0)
        kept[SPAN_STATES] = g.op("MatMul", document.states, both)
    if student.matches:
        kept[MATCH_STATES] = narrow_states(g, student, document.states)
    if states == "float16":
        kept = {name: g.op("Cast", tensor, to=TensorProto.FLOAT16) for name, tensor in kept.items()}
    outputs = {info.name: (kept[info.name], info) for info in _kept_info(student, states)}
    return g.model(
        [_words_info("document")], outputs, "What is kept of a document to answer queries about it."
    )


def answer_model(student: Student, quantization: str, states: str) -> onnx.ModelProto:
    """The graph of ``answer.onnx``, with all weights inside; see ``encode_model``."""
    nodes = SamNodes(student, quantization)
    g, texts = nodes.graph, {name: nodes.text(name) for name in CONTEXT}
    document = nodes.look_up("document")
    kept = {name: name for name in kept_states(student.config)}
    if states == "float16":
        kept = {name: g.op("Cast", name, to=TensorProto.FLOAT) for name in kept}
    matched = ""
    if student.matches:
        keys = {name: g.op("Pad", f"{name}_keys", g.constant([0, 0, 0, 1])) for name in CONTEXT}
        keys["document"] = "document_keys"
        questions = g.op("Slice", g.op("Shape", "query"), g.constant([0]), g.constant([1]))
        rows = g.op("Concat", questions, g.constant([1, 1]), axis=0)
        narrow = g.op("Expand", kept[MATCH_STATES], rows)  # a recurrence reads a row for each question
        lengths = g.op("Expand", document.lengths, questions)
        all_texts = {**texts, "document": document._replace(lengths=lengths)}
        matched = matched_states(g, student, narrow, all_texts, keys)
    score = _additive if student.config.interaction == "add" else _multiplicative
    logits = score(nodes, kept[SPAN_STATES], matched, nodes.context(texts))  # (questions, length, 2)
    likely = _probabilities(nodes, logits, document)  # (questions, 2, length)
    outputs = {}
    for i, edge in enumerate(EDGES):
        name = f"{edge}_probabilities"
        info = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["questions", "document_words"])
        row = g.op("Gather", likely, g.constant([i]), axis=1)
        outputs[name] = (g.op("Squeeze", row, g.constant([1])), info)
    inputs = [_words_info(name) for name in student.inputs]
    text = "Start and end of the spans of documents that answer queries, from what encode.onnx kept."
    return g.model([*inputs, *_kept_info(student, states)], outputs, text)


def share_weights(model: onnx.ModelProto, weights: bytes, name: str) -> None:
    """Take the weights of ``model`` from another file, of which it stands beside a copy.

    Args:
        model: is changed. A weight that the file does not have stays.
        weights: the bytes of the file.
        name: of the file.
    """
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) < SHARED_BYTES:
            continue
        place = weights.find(tensor.raw_data)  # wherever these bytes are, they are the weight
        if place < 0:
            continue
        entries = {"location": name, "offset": place, "length": len(tensor.raw_data)}
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=str(value))
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
    helper.set_model_props(model, {WEIGHTS_DIGEST: hashlib.sha256(weights).hexdigest()})


def _additive(nodes: SamNodes, kept: str, matched: str, context: list[str]) -> str:
    """Scores for the start and the end, (questions, length, 2), by additive interactions."""
    g, names = nodes.graph, [f"{edge}_interaction" for edge in EDGES]
    mapped = g.op("Concat", *(nodes.map_vectors(name, context) for name in names), axis=1)
    inner = g.op("Add", kept, g.op("Unsqueeze", mapped, g.constant([1])))
    if matched:
        kernel = g.op("Concat", *(nodes.sequence_kernel(name) for name in names), axis=1)
        kernel = _slice(g, kernel, 2 * nodes.student.config.units, None, axis=0)
        inner = g.op("Add", inner, g.op("MatMul", matched, kernel))
    start, end = (nodes.score_kernel(name) for name in names)
    zeros = g.constant(np.zeros((nodes.student.config.inner_units, 1)), np.float32)
    columns = [g.op("Concat", *rows, axis=0) for rows in ((start, zeros), (zeros, end))]
    return str(g.op("MatMul", g.op("Tanh", inner), g.op("Concat", *columns, axis=1)))


def _multiplicative(nodes: SamNodes, kept: str, matched: str, context: list[str]) -> str:
    """Scores for the start and the end, (questions, length, 2), by multiplicative interactions."""
    g = nodes.graph
    mapped = [nodes.map_vectors(f"{edge}_interaction", context) for edge in EDGES]
    both = g.op("Concat", *(g.op("Unsqueeze", one, g.constant([2])) for one in mapped), axis=2)
    size = 2 * nodes.student.config.units
    scores = g.op("MatMul", kept, _slice(g, both, 0, size, axis=1))
    if matched:
        scores = g.op("Add", scores, g.op("MatMul", matched, _slice(g, both, size, None, axis=1)))
    return str(scores)


def _probabilities(nodes: SamNodes, logits: str, document: OnnxText) -> str:
    """(questions, length, 2) scores to (questions, 2, length) probabilities, zero on padding."""
    g = nodes.graph
    mask, real = (g.op("Unsqueeze", part, g.constant([1])) for part in (document.mask, document.real))
    by_edge = g.op("Transpose", logits, perm=[0, 2, 1])
    masked = g.op("Where", mask, by_edge, g.constant(MASKED_LOGIT, np.float32))
    return str(g.op("Mul", g.op("Softmax", masked, axis=2), real))


def _slice(g: Graph, tensor: str, begin: int, end: Optional[int], axis: int) -> str:
    last = np.iinfo(np.int64).max if end is None else end
    return str(g.op("Slice", tensor, *(g.constant([value]) for value in (begin, last, axis))))


def _words_info(name: str) -> onnx.ValueInfoProto:
    text = split_input(name)[0]
    rows = "documents" if text == "document" else "questions"
    return helper.make_tensor_value_info(name, TensorProto.INT32, [rows, f"{text}_words"])


def _kept_info(student: Student, states: str) -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(name, _TYPES[states], ["documents", "document_words", size])
        for name, size in kept_states(student.config).items()
    ]
