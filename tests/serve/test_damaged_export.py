"""An ONNX export whose files have changed is refused in one line."""

import json
import shutil

import pytest

from pipelines.errors import UserError
from pipelines.example_from_texts import unanswered

onnx_backend = pytest.importorskip("holle_tf.serve.onnx_backend", reason="onnxruntime is not installed")


@pytest.fixture(scope="module")
def whole(untrained_run, tmp_path_factory):
    """An export with its model card."""
    from holle_tf.options.export import ExportConfig
    from holle_tf.runs.exporting import export_student, student_of

    folder = tmp_path_factory.mktemp("exports") / "onnx"
    run = untrained_run("sam")
    export_student(student_of(run), run, "onnx", folder, ExportConfig())
    return folder


@pytest.fixture
def export(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "onnx")


def _refused(folder, said):
    with pytest.raises(UserError, match=said) as caught:
        onnx_backend.OnnxBackend(folder)
    assert "\n" not in str(caught.value)


def _edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_the_card_has_the_digest_of_every_file(export):
    card = json.loads((export / "model_card.json").read_text())
    assert set(card["sha256"]) == set(card["sizes"])
    assert set(card["sha256"]) == {path.name for path in export.iterdir()} - {
        "model_card.json",
        "model_card.md",
    }
    onnx_backend.OnnxBackend(export)


@pytest.mark.parametrize("name", ["model.onnx", "encode.onnx", "answer.onnx", "vocab.txt", "tokenizer.json"])
def test_a_flipped_bit_is_found(export, name):
    raw = bytearray((export / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (export / name).write_bytes(raw)
    _refused(export, f"{name}: has changed since it was written")


def test_what_our_own_reader_loads_is_checked(export):
    from holle_tf.export.readback import load_halves, load_reader

    (export / "model.onnx").write_bytes((export / "model.onnx").read_bytes() + b"\0")
    for load in (load_reader, load_halves):
        with pytest.raises(UserError, match="model.onnx: has changed since it was written"):
            load("onnx", export)


def test_an_export_without_digests_is_loaded(export):
    _edit(export / "model_card.json", lambda card: card.pop("sha256"))
    with_card = onnx_backend.OnnxBackend(export)
    (export / "model_card.json").unlink()
    chat = unanswered("A film about a ferry.", "What is it about?")
    assert onnx_backend.OnnxBackend(export).read([chat])[0].spans == with_card.read([chat])[0].spans


@pytest.mark.parametrize("content", ["null", "[]", "7", "{", "[" * 100_000, '{"kind": []}'])
def test_a_damaged_card_is_one_line(export, content):
    (export / "model_card.json").write_text(content)
    _refused(export, "model_card.json: (cannot be read|damaged)")


@pytest.mark.parametrize("scores", ["7", "[]", '{"f1": {"value": NaN}}', '{"f1": {"value": "high"}}'])
def test_scores_that_cannot_be_shown_are_left_out(export, scores):
    (export / "model_card.json").write_text(f'{{"kind": "sam", "scores": {scores}}}')
    assert onnx_backend.OnnxBackend(export).card.f1 is None


@pytest.mark.parametrize(
    "key, value",
    [
        ("max_span", 0), ("max_span", "9"), ("max_span", 1.5), ("n_best", -1), ("n_best", None),
        ("unknown_id", 10**6), ("unknown_id", -1), ("unknown_id", True), ("last_words", []),
        ("last_words", {"query": -1}),
    ],
)  # fmt: skip
def test_values_of_the_tokenizer_are_checked(export, key, value):
    (export / "model_card.json").unlink()
    _edit(export / "tokenizer.json", lambda options: options.update({key: value}))
    _refused(export, "cannot load this export")
