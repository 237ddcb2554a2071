"""Exports, clients and the service of a student that can say that there is no answer."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import holle_tf
from holle_tf.evaluate.no_answer_share import no_answer_share
from holle_tf.models.decoding import decode_spans
from holle_tf.modes.encode import encode_mode
from holle_tf.modes.export import export_mode
from holle_tf.runs.evaluation import evaluate_run
from holle_tf.runs.null_threshold import null_threshold
from holle_tf.runs.prediction import ChatPredictor
from holle_tf.runs.run_on_data import RunOnData
from holle_tf.serve.document_cache import DocumentCache
from holle_tf.serve.numpy_decoding import decode_probabilities
from holle_tf.serve.onnx_backend import OnnxBackend
from holle_tf.serve.run_backend import RunBackend
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError
from pipelines.example_from_texts import unanswered

EXAMPLES = Path(__file__).parents[2] / "examples"
QUERY = "Who is the owner?"
TEXTS = (
    "one two owner Ann three four",
    "one two visitor Ann three four",
    "Bob is nobody, says Cleo.",
    "seven owner Dan",
    "?",
)
FORMATS = ("onnx", "savedmodel", "tflite")


@pytest.fixture(scope="module")
def run(learning, learning_data):
    """A student with match features, whose exports have all that SAM's have and the keys of words."""
    how = ("training.sam_match.epochs=4", "training.sam_match.learning_rate=0.02")
    found = ensure_run(learning(*how, model="sam_match", recipe="add_train"), learning_data)
    evaluate_run(RunOnData(found, learning_data, learning()), "test")
    if not (found.path / "export" / FORMATS[-1]).exists():
        export_mode(learning(), str(found.path), FORMATS)
    return found


@pytest.fixture(scope="module")
def chats():
    return [unanswered(text, QUERY) for text in TEXTS]


@pytest.fixture(scope="module")
def expected(run, chats):
    return ChatPredictor(run).read(chats)


def assert_same(found, expected):
    for ours, theirs in zip(found, expected):
        assert ours.null.chosen == theirs.null.chosen
        assert ours.null[:2] == pytest.approx(theirs.null[:2], abs=2e-3)
        assert [span[:2] for span in ours.spans[:1]] == [span[:2] for span in theirs.spans[:1]]
        np.testing.assert_array_equal(ours.token_starts, theirs.token_starts)
        np.testing.assert_allclose(ours.start_probabilities, theirs.start_probabilities, atol=2e-3)


def test_some_chats_are_answered_and_others_are_not(expected):
    assert {answer.null.chosen for answer in expected[:4]} == {True, False}
    assert expected[4].null.share > 0


@pytest.mark.parametrize("megabytes", [0, 8], ids=["whole", "halves"])
@pytest.mark.parametrize("kind", [OnnxBackend, RunBackend])
def test_backends_agree_with_predict(kind, megabytes, run, chats, expected):
    cache = DocumentCache.of_megabytes(megabytes)
    backend = kind(run.path / "export" / "onnx" if kind is OnnxBackend else run, cache)
    assert (backend.documents is None) == (megabytes == 0)
    assert_same(backend.read(chats), expected)
    assert_same(backend.read(chats), expected)  # of documents that are known by now


def test_a_store_keeps_the_null_position(run, learning, chats, expected, tmp_path):
    pytest.importorskip("pyarrow", reason="requirements-documents.txt is not installed")
    from holle_tf.store.reader import Store

    lines = [json.dumps({"id": str(i), "document": text}) for i, text in enumerate(TEXTS[:4])]
    (tmp_path / "documents.jsonl").write_text("\n".join(lines))
    export = run.path / "export" / "onnx"
    source, folder = str(tmp_path / "documents.jsonl"), tmp_path / "store"
    encode_mode(learning(), export_dir=str(export), input=source, output=str(folder))
    backend = OnnxBackend(export, DocumentCache(0), store=Store(folder))
    backend.documents._read = None  # it must not read any of them
    assert_same(backend.read(chats[:4]), expected[:4])


def test_the_savedmodel_reads_text(run, expected):
    loaded = tf.saved_model.load(str(run.path / "export" / "savedmodel" / "1"))
    empty = tf.constant([""] * len(TEXTS))
    texts = {"document": tf.constant(TEXTS), "query": tf.constant([QUERY] * len(TEXTS)),
             "prober_history": empty, "responder_history": empty}  # fmt: skip
    found = {name: value.numpy() for name, value in loaded.signatures["explain"](**texts).items()}
    for row, answer in enumerate(expected):
        best = answer.best
        span = TEXTS[row][best.start_char : best.end_char] if best else ""
        assert found["span"][row].decode() == span
        assert (found["start_char"][row], found["end_char"][row]) == (best[:2] if best else (0, 0))
        assert found["score"][row] == pytest.approx(best.score if best else answer.null.score, abs=1e-4)
        assert found["null_score"][row] == pytest.approx(answer.null.score, abs=1e-4)
        assert found["no_answer"][row] == pytest.approx(answer.null.share, abs=1e-3)
        words = found["token_count"][row]
        assert words == len(answer.token_starts)
        np.testing.assert_array_equal(found["token_ends"][row, :words], answer.token_ends)
        np.testing.assert_allclose(
            found["start_probabilities"][row, :words], answer.start_probabilities, atol=1e-4
        )


@pytest.mark.parametrize(
    ("client", "folder"),
    [
        ("python_onnxruntime.py", "onnx"),
        ("python_tflite.py", "tflite"),
        ("python_tensorflow.py", "savedmodel/1"),
    ],
)
def test_clients_without_the_package_agree(client, folder, run, expected, without_package, tmp_path):
    for text, answer in zip(TEXTS[:2], expected):
        chat = {"document": text, "query": QUERY, "prober_history": "", "responder_history": ""}
        (tmp_path / "chat.json").write_text(json.dumps(chat))
        found = json.loads(
            without_package(EXAMPLES / client, run.path / "export" / folder, tmp_path / "chat.json")
        )
        best = answer.best
        assert found["span"] == (text[best.start_char : best.end_char] if best else "")
        assert found["score"] == pytest.approx(best.score if best else answer.null.score, abs=1e-3)


def test_the_card_has_the_threshold_and_the_scores(run):
    folder = run.path / "export" / "onnx"
    card = json.loads((folder / "model_card.json").read_text())
    rules = json.loads((folder / "tokenizer.json").read_text())
    assert card["null_threshold"] == rules["null"]["threshold"] == null_threshold(run)
    assert card["scores"]["unanswerable"]["no_answer"]["examples"] == 30
    assert "there is one even where nothing answers" not in (folder / "model_card.md").read_text()
    assert (folder / "vocab.txt").read_text().split("\n")[rules["null"]["id"]] == "<null>"


@pytest.mark.parametrize("damage", [{"threshold": 2}, {"threshold": True}, {"id": -1}, {"key": None}])
def test_a_damaged_null_position_is_one_clear_line(run, damage, tmp_path):
    folder = tmp_path / "onnx"
    folder.mkdir()
    for file in (run.path / "export" / "onnx").iterdir():
        if file.name != "model_card.json":
            (folder / file.name).write_bytes(file.read_bytes())
    rules = json.loads((folder / "tokenizer.json").read_text())
    rules["null"].update(damage)
    (folder / "tokenizer.json").write_text(json.dumps(rules))
    with pytest.raises(UserError, match="cannot load this export .*in tokenizer.json is"):
        OnnxBackend(folder)


def test_the_python_api_says_so_too(run, expected):
    for source in (run, run.path / "export" / "onnx"):
        found = holle_tf.load(source).predict_batch([(text, QUERY) for text in TEXTS[:4]])
        for prediction, answer in zip(found, expected):
            assert (prediction.text == "") == answer.null.chosen
            assert prediction.no_answer == pytest.approx(answer.null.share, abs=2e-3)
            assert prediction.n_best


@pytest.mark.parametrize("seed", range(4))
def test_both_decoders_agree(seed):
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (2, 1, int(generator.integers(1, 12)))).astype(np.float32)
    mask = tf.ones(logits.shape[1:], bool)
    found = decode_spans(*logits, mask, 4, 3, null=True)
    start, end = (np.exp(edge[0]) / np.exp(edge[0]).sum() for edge in logits)
    first, last, scores = decode_probabilities(start, end, 4, 3, null=True)
    count = len(scores)
    assert found["start"][0, :count].numpy().tolist() == first.tolist()
    assert found["end"][0, :count].numpy().tolist() == last.tolist()
    np.testing.assert_allclose(found["score"][0, :count], scores, rtol=1e-4)
    np.testing.assert_allclose(found["null_score"], start[:1] * end[:1], rtol=1e-4)
    assert 0 < no_answer_share(found["null_score"][0], scores[0] if count else 0) <= 1


def test_the_threshold_of_an_export_can_be_given(learning, learning_student, tmp_path):
    export_mode(
        learning("evaluation.null_threshold=1"), str(learning_student.path), ["onnx"], str(tmp_path / "x")
    )
    answers = OnnxBackend(tmp_path / "x").read([unanswered(TEXTS[1], QUERY)])
    assert replace(answers[0], null=None).best == answers[0].best is not None
