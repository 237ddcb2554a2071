"""An export of any format is checked before it is loaded."""

import json

import pytest

from holle_tf.export.export_digests import CARD_JSON, check_export
from holle_tf.export.formats import FORMATS
from holle_tf.export.readback import load_halves, load_reader
from pipelines.digests import digests_of
from pipelines.errors import UserError

FILE = "1/variables/variables.index"


@pytest.fixture
def export(tmp_path):
    """A folder with a card and a file, which stands for any export."""
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_bytes(b"weights")
    (tmp_path / CARD_JSON).write_text(json.dumps({"sha256": digests_of(tmp_path, [FILE])}))
    check_export(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["savedmodel", "tflite", "onnx"])
def test_a_changed_file_is_named_before_anything_is_loaded(export, name):
    assert name in FORMATS
    (export / FILE).write_bytes(b"weighty")
    with pytest.raises(UserError, match=f"{FILE}: has changed since it was written"):
        load_reader(name, export)
    with pytest.raises(UserError, match=f"{FILE}: has changed since it was written"):
        load_halves("onnx", export)


def test_a_missing_file_is_named(export):
    (export / FILE).unlink()
    with pytest.raises(UserError, match=f"{FILE}: missing; copy the export again"):
        check_export(export)


def test_a_folder_without_a_card_is_not_checked(tmp_path):
    check_export(tmp_path)
