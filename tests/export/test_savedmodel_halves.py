import numpy as np
import pytest
import tensorflow as tf

from holle_tf.export.savedmodel import export_savedmodel, read_savedmodel
from holle_tf.export.savedmodel_halves import read_savedmodel_halves
from holle_tf.options.export import ExportConfig

EDGES = ("start_probabilities", "end_probabilities")


def readers(folder):
    return read_savedmodel_halves(folder, 1), read_savedmodel(folder, 1)


@pytest.mark.parametrize("interaction", ["add", "mul"])
def test_the_halves_say_what_the_whole_says_of_texts_of_several_lengths(
    make_student, match, given, tmp_path, interaction
):
    student = make_student(match, interaction=interaction)
    export_savedmodel(student, tmp_path, ExportConfig())
    inputs = given(student)
    halves, whole = readers(tmp_path)
    found, expected = halves(inputs), whole(inputs)
    for edge in EDGES:
        np.testing.assert_allclose(found[edge], expected[edge], atol=2e-6)
        assert not found[edge][inputs["document"] == 0].any()
    once = {name: v[1:2] if name.startswith("document") else v for name, v in inputs.items()}
    each = {name: np.repeat(v, 4, axis=0) if name.startswith("document") else v for name, v in once.items()}
    found, expected = halves(once), whole(each)  # one document for all questions
    for edge in EDGES:
        np.testing.assert_allclose(found[edge], expected[edge], atol=2e-6)
    nothing = {name: np.zeros((2, 0), np.int32) for name in inputs}
    assert halves(nothing)[EDGES[0]].shape == (2, 0)


def test_half_precision_halves_what_is_kept(make_student, match, given, tmp_path):
    student = make_student(match)
    export_savedmodel(student, tmp_path, ExportConfig(document_states="float16"))
    kept = tf.saved_model.load(str(tmp_path / "1")).signatures["encode"].structured_outputs
    assert {part.dtype for part in kept.values()} == {tf.float16}
    halves, whole = readers(tmp_path)
    inputs = given(student)
    for edge in EDGES:
        np.testing.assert_allclose(halves(inputs)[edge], whole(inputs)[edge], atol=1e-2)


def test_they_are_left_out_if_nothing_is_to_be_kept(make_student, tmp_path):
    export_savedmodel(make_student(), tmp_path, ExportConfig(document_states="none"))
    assert set(tf.saved_model.load(str(tmp_path / "1")).signatures) == {
        "serving_default",
        "explain",
        "tokens",
    }
