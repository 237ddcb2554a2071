import numpy as np
import pytest

from holle_tf.export.tflite import MODEL, export_tflite, read_tflite
from holle_tf.export.tflite_file import open_tflite
from holle_tf.export.tflite_halves import HALVES, read_tflite_halves
from holle_tf.options.export import ExportConfig

SMALL = {"units": 4, "layers": 1, "inner_units": 3}


@pytest.mark.parametrize(
    ("match", "interaction", "states", "error"),
    [(True, "add", "float32", 1e-6), (False, "mul", "float16", 5e-3)],
)
def test_the_halves_say_what_the_whole_says(make_student, given, tmp_path, match, interaction, states, error):
    student = make_student(match, interaction=interaction, **SMALL)
    export_tflite(student, tmp_path, ExportConfig(document_states=states))
    whole, halves = read_tflite(tmp_path, 1), read_tflite_halves(tmp_path, 1)
    for row in range(4):
        inputs = {name: values[row : row + 1] for name, values in given(student).items()}
        expected, found = whole(inputs), halves(inputs)
        assert set(found) == set(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, atol=error)
    encode = open_tflite(tmp_path / HALVES, 1).get_signature_runner("encode")
    assert {str(part["dtype"].__name__) for part in encode.get_output_details().values()} == {states}
    # Both signatures share the word vectors and weights.
    sizes = [(tmp_path / name).stat().st_size for name in (HALVES, MODEL)]
    assert sizes[0] < 1.5 * sizes[1]


def test_they_are_left_out_if_nothing_is_to_be_kept(make_student, tmp_path):
    export_tflite(make_student(**SMALL), tmp_path, ExportConfig(document_states="none"))
    assert (tmp_path / MODEL).exists() and not (tmp_path / HALVES).exists()
