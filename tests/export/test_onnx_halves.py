import numpy as np
import onnx
import onnxruntime
import pytest

from holle_tf.export.onnx_halves import read_halves
from holle_tf.export.onnx_student import export_onnx, read_onnx
from holle_tf.options.export import ExportConfig

EDGES = ("start_probabilities", "end_probabilities")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"interaction": "mul"},
        {"cell": "lstm", "encoder_sharing": "none"},
        {"interaction": "mul", "encoder_sharing": "context"},
    ],
)
def test_the_halves_say_what_the_whole_says(make_student, match, given, tmp_path, options):
    student = make_student(match, **options)
    export_onnx(student, tmp_path, ExportConfig())
    inputs = given(student)
    found, expected = (read(tmp_path, 1)(inputs) for read in (read_halves, read_onnx))
    for edge in EDGES:
        np.testing.assert_allclose(found[edge], expected[edge], atol=2e-6)
        assert not found[edge][inputs["document"] == 0].any()


@pytest.mark.parametrize("options", [{"stem_match": False}, {"soft_match": False}, {"align_units": 0}])
def test_every_match_feature_can_be_left_out(make_student, given, tmp_path, options):
    student = make_student(True, **options)
    export_onnx(student, tmp_path, ExportConfig())
    found, expected = (read(tmp_path, 1)(given(student)) for read in (read_halves, read_onnx))
    for edge in EDGES:
        np.testing.assert_allclose(found[edge], expected[edge], atol=2e-6)


@pytest.mark.parametrize("interaction", ["add", "mul"])
def test_one_document_answers_many_questions_at_once(make_student, match, given, tmp_path, interaction):
    student = make_student(match, interaction=interaction)
    export_onnx(student, tmp_path, ExportConfig())
    inputs = given(student)
    once = {name: v[1:2] if name.startswith("document") else v for name, v in inputs.items()}
    each = {name: np.repeat(v, 4, axis=0) if name.startswith("document") else v for name, v in once.items()}
    found, expected = read_halves(tmp_path, 1)(once), read_onnx(tmp_path, 1)(each)
    for edge in EDGES:
        np.testing.assert_allclose(found[edge], expected[edge], atol=2e-6)


def test_questions_without_words_may_have_no_column(make_student, match, given, tmp_path):
    student = make_student(match)
    export_onnx(student, tmp_path, ExportConfig())
    inputs = {
        name: values if name.startswith("document") else np.zeros((4, 0), np.int32)
        for name, values in given(student).items()
    }
    found, expected = (read(tmp_path, 1)(inputs) for read in (read_halves, read_onnx))
    np.testing.assert_allclose(found["end_probabilities"], expected["end_probabilities"], atol=2e-6)
    blank = {name: np.zeros((2, 3), np.int32) for name in inputs}
    assert not read_halves(tmp_path, 1)(blank)["start_probabilities"].any()


@pytest.mark.parametrize("interaction", ["add", "mul"])
def test_half_precision_moves_a_probability_by_less_than_a_hundredth(
    make_student, match, given, tmp_path, interaction
):
    student = make_student(match, interaction=interaction)
    export_onnx(student, tmp_path, ExportConfig(document_states="float16"))
    session = onnxruntime.InferenceSession(str(tmp_path / "encode.onnx"), providers=["CPUExecutionProvider"])
    assert {output.type for output in session.get_outputs()} == {"tensor(float16)"}
    found, expected = (read(tmp_path, 1)(given(student)) for read in (read_halves, read_onnx))
    for edge in EDGES:
        np.testing.assert_allclose(found[edge], expected[edge], atol=1e-2)


@pytest.mark.parametrize("quantization", ["float16", "int8"])
def test_the_halves_have_the_weights_of_the_whole(make_student, match, given, tmp_path, quantization):
    student = make_student(match, units=24, inner_units=16)
    export_onnx(student, tmp_path, ExportConfig(quantization=quantization))
    found, expected = (read(tmp_path, 1)(given(student)) for read in (read_halves, read_onnx))
    for edge in EDGES:
        np.testing.assert_allclose(found[edge], expected[edge], atol=2e-6)


def test_weights_are_not_stored_again(make_student, match, tmp_path):
    export_onnx(make_student(match, units=48, inner_units=48), tmp_path, ExportConfig())
    whole, *halves = ((tmp_path / f"{name}.onnx").stat().st_size for name in ("model", "encode", "answer"))
    assert sum(halves) < 0.25 * whole
    for name in ("encode", "answer"):
        model = onnx.load(str(tmp_path / f"{name}.onnx"), load_external_data=False)
        large = [t for t in model.graph.initializer if np.prod(t.dims) >= 512]
        assert large and all(t.data_location == onnx.TensorProto.EXTERNAL for t in large)
        onnx.checker.check_model(str(tmp_path / f"{name}.onnx"))


def test_they_are_left_out_if_nothing_is_to_be_kept(make_student, tmp_path):
    export_onnx(make_student(), tmp_path, ExportConfig(document_states="none"))
    assert {path.name for path in tmp_path.iterdir()} == {"model.onnx", "vocab.txt", "tokenizer.json"}
