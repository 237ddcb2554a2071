"""SAM as an ONNX graph, each bidirectional layer one GRU or LSTM node."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from holle_tf.export.client_files import write_client_files
from holle_tf.export.onnx_halves import write_halves
from holle_tf.export.onnx_match import matched_states, narrow_states
from holle_tf.export.onnx_sam import SamNodes
from holle_tf.export.readback import Read
from holle_tf.export.student import Student
from holle_tf.models.outputs import EDGES
from holle_tf.models.sam import INPUTS
from holle_tf.options.export import ExportConfig
from pipelines.records import split_input

MODEL = "model.onnx"


def export_onnx(student: Student, folder: Path, options: ExportConfig) -> None:
    """Write ``model.onnx``, its two halves (``onnx_halves``), and what a client needs beside them.

    Inputs: int32 ids ``document``, ``query``, ``prober_history``, ``responder_history``, (batch, length), 0 =
    padding on the right; a length may be 0; and of a student with match features as many keys,
    ``document_keys`` and so on (``pipelines.word_keys``). Outputs: ``start_probabilities``,
    ``end_probabilities``, float32 (batch, words of the document), zero on padding.
    """
    onnx.save(onnx_model(student, options.quantization), str(folder / MODEL))
    if options.document_states != "none":
        write_halves(student, folder / MODEL, options)
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
    nodes = SamNodes(student, quantization)
    graph, texts = nodes.graph, {name: nodes.text(name) for name in INPUTS}
    context, document = nodes.context(texts), texts["document"]
    states = document.states
    if student.matches:
        narrow = narrow_states(graph, student, states)
        keys = {name: graph.op("Pad", f"{name}_keys", graph.constant([0, 0, 0, 1])) for name in INPUTS}
        matched = matched_states(graph, student, narrow, texts, keys)
        states = graph.op("Concat", states, matched, axis=2)
    outputs = {}
    for edge in EDGES:
        likely = nodes.softmax(nodes.interaction(f"{edge}_interaction", states, context), document)
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
