"""Formats of exports: known without TensorFlow, each with options of its own."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from holle_tf.export.formats import FORMATS, ExportFormat, find_format, register_export_format
from holle_tf.options.export import ExportConfig
from pipelines.errors import UserError

ROOT = Path(__file__).parents[2]


def test_the_formats_are_known_without_tensorflow():
    code = "import sys, holle_tf.export.formats as f; print(*f.FORMATS, 'tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["savedmodel", "tflite", "onnx", "False"], done.stderr


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_its_functions_and_options_that_exist(name):
    found = find_format(name)
    assert callable(found.writer) and callable(found.reader)
    known = {field.name for field in fields(ExportConfig)}
    assert {*found.options, *found.ignored, *found.instead} <= known
    assert not {*found.options} & {*found.ignored, *found.instead}


@pytest.mark.parametrize(
    "name, options, said",
    [
        ("onnx", {"hash_buckets": 4}, "export.hash_buckets: a client of --format=onnx looks words up itself"),
        ("tflite", {"hash_buckets": 4}, "export.hash_buckets: a client of --format=tflite looks words up"),
        ("tflite", {"float16_embeddings": True}, "export.float16_embeddings: .*quantization=float16 instead"),
        (
            "toy",
            {"quantization": "int8"},
            "^export.quantization: --format=toy does not have it; .* to none.$",
        ),
    ],
)
def test_an_option_that_a_format_does_not_have_is_an_error_with_the_remedy(name, options, said, monkeypatch):
    monkeypatch.setitem(FORMATS, "toy", ExportFormat("toy", "Toy", "toy:write", "toy:read"))
    find_format(name).check(ExportConfig())
    with pytest.raises(UserError, match=said):
        find_format(name).check(ExportConfig(**options))


def test_options_that_a_format_has_or_ignores_pass_and_the_card_lists_the_former():
    options = ExportConfig(float16_embeddings=True, max_words=9, hash_buckets=3, quantization="int8")
    found = find_format("savedmodel")
    found.check(options)
    assert found.values(options) == {
        "float16_embeddings": True,
        "max_words": 9,
        "hash_buckets": 3,
        "document_states": "float32",
    }


def test_a_second_format_of_one_name_is_refused():
    with pytest.raises(ValueError, match="two export formats are called 'onnx'"):
        register_export_format(ExportFormat("onnx", "Another", "toy:write", "toy:read"))
