import numpy as np
import onnx
import onnxruntime
import pytest

from holle_tf.export.onnx_graph import quantize_rows
from holle_tf.export.onnx_student import export_onnx, onnx_model
from holle_tf.models.layers.masking import masked_softmax
from holle_tf.options.export import ExportConfig


def _keras(student, ids):
    outputs = student.model(ids)
    return {
        f"{edge}_probabilities": masked_softmax(outputs[f"{edge}_logits"], outputs["document_mask"]).numpy()
        for edge in ("start", "end")
    }


def _onnx(model, ids):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, ids)))


@pytest.mark.parametrize("sharing", ["all", "none", "context"])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("interaction", ["add", "mul"])
def test_probabilities_are_those_of_keras(make_student, match, given, ids, interaction, cell, sharing):
    student = make_student(match, interaction=interaction, cell=cell, encoder_sharing=sharing)
    model, inputs = onnx_model(student, "none"), given(student)
    found, expected = _onnx(model, inputs), _keras(student, inputs)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=2e-6)
        assert not found[name][ids["document"] == 0].any()


def test_a_layer_is_one_node_for_each_text_and_weights_are_stored_once(make_student, match):
    student = make_student(match, layers=2)
    model = onnx_model(student, "none")
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("GRU") == 2 * 4 + match and not {"Loop", "Scan"} & set(kinds)
    weights = sum(
        np.prod(tensor.dims)
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT
    )
    expected = student.parameters + student.vectors.size
    assert expected <= weights < expected + 10  # a few constants


def test_texts_without_any_word_may_have_no_column(make_student, match, given):
    student = make_student(match)
    inputs = given(student)
    empty = [name for name in inputs if name.startswith(("prober_history", "query"))]
    inputs.update({name: np.zeros((4, 0), np.int32) for name in empty})
    padded = {name: values if values.size else np.zeros((4, 1), np.int32) for name, values in inputs.items()}
    model = onnx_model(student, "none")
    expected = _keras(student, padded)["end_probabilities"]
    np.testing.assert_allclose(_onnx(model, inputs)["end_probabilities"], expected, atol=2e-6)
    nothing = {name: np.zeros((2, 0), np.int32) for name in inputs}
    assert _onnx(model, nothing)["start_probabilities"].shape == (2, 0)
    blank = {name: np.zeros((2, 3), np.int32) for name in inputs}
    assert not _onnx(model, blank)["start_probabilities"].any()


@pytest.mark.parametrize(("quantization", "error", "share"), [("float16", 3e-3, 0.62), ("int8", 6e-2, 0.5)])
def test_stored_in_fewer_bytes_it_says_nearly_the_same(
    make_student, match, given, tmp_path, quantization, error, share
):
    student = make_student(match, units=24, inner_units=16)
    inputs = given(student)
    export_onnx(student, tmp_path, ExportConfig(quantization=quantization))
    small = onnx.load(str(tmp_path / "model.onnx"))
    found, expected = _onnx(small, inputs), _keras(student, inputs)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=error)
    assert small.ByteSize() < share * onnx_model(student, "none").ByteSize()


def test_a_row_is_off_by_half_a_step_at_most():
    rows = np.random.default_rng(0).normal(size=(5, 40)).astype(np.float32)
    rows[2] = 0
    whole, scale = quantize_rows(rows)
    assert whole.dtype == np.int8 and scale.shape == (5, 1)
    assert (np.abs(whole * scale - rows) <= scale / 2 + 1e-7).all()


def test_the_vocabulary_beside_it_numbers_its_lines(make_student, tmp_path):
    student = make_student()
    export_onnx(student, tmp_path, ExportConfig())
    lines = (tmp_path / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert tuple(lines) == student.words
