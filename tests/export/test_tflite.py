from dataclasses import asdict

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import SamConfig
from holle_tf.export.tflite import tflite_model
from holle_tf.models.layers.masking import masked_softmax


def _read(contents, inputs, row):
    # One example at a time, without its padding; a text without words keeps one.
    signature = tf.lite.Interpreter(model_content=contents, num_threads=1).get_signature_runner()
    widths = {name: max(int((values[row] > 0).sum()), 1) for name, values in inputs.items()}
    return signature(**{name: values[row : row + 1, : widths[name]] for name, values in inputs.items()})


@pytest.mark.parametrize(
    ("match", "options", "quantization", "error"),
    [
        (False, {"cell": "lstm", "interaction": "mul", "encoder_sharing": "none", "layers": 1}, "none", 5e-6),
        (True, {"layers": 1}, "none", 5e-6),
        (True, {"units": 24, "inner_units": 16, "layers": 1}, "float16", 5e-3),
        (False, {"units": 24, "inner_units": 16, "layers": 1}, "int8", 8e-2),
    ],
)
def test_probabilities_are_those_of_keras(make_student, match, given, options, quantization, error):
    student = make_student(match, **options)
    contents, inputs = tflite_model(student, quantization), given(student)
    outputs = student.model(inputs)
    for row in range(len(inputs["document"])):
        found = _read(contents, inputs, row)
        for edge in ("start", "end"):
            likely = masked_softmax(outputs[f"{edge}_logits"], outputs["document_mask"])[row].numpy()
            values = found[f"{edge}_probabilities"][0]
            np.testing.assert_allclose(values, likely[: len(values)], atol=error)


def test_an_int8_student_of_the_published_size_has_less_than_400_kb_without_vectors(make_student):
    student = make_student(**asdict(SamConfig()))
    contents = tflite_model(student, "int8")
    assert len(contents) < 400_000  # the vectors of the test are negligible: 17 words of 8 numbers
