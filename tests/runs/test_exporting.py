"""``--mode=export``, and the examples that use what it writes in processes without this package."""

import http.server
import json
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.export.formats import FORMATS as FORMATS_BY_NAME
from holle_tf.export.formats import ExportFormat, register_export_format
from holle_tf.export.readback import load_halves, load_reader, random_words
from holle_tf.models.layers.masking import masked_softmax
from holle_tf.modes import export as mode
from holle_tf.modes.export import export_mode
from holle_tf.options.export import ExportConfig
from holle_tf.runs.exporting import student_of
from holle_tf.runs.prediction import ChatPredictor
from holle_tf.training.train import ensure_run
from pipelines.errors import UserError
from pipelines.example import Example

EXAMPLES = Path(__file__).parents[2] / "examples"
CHAT = EXAMPLES / "chat.json"
FORMATS = ("savedmodel", "onnx", "tflite")
CLIENTS = {
    "python_tensorflow.py": "savedmodel/1",
    "python_onnxruntime.py": "onnx",
    "python_tflite.py": "tflite",
}


@pytest.fixture
def run(tiny, prepared):
    """A trained tiny student with all its exports."""
    found = ensure_run(replace(tiny(seed=40), recipe="add_train"), prepared)
    if not all((found.path / "export" / name).exists() for name in FORMATS):
        export_mode(tiny(), str(found.path), FORMATS)
    return found


@pytest.fixture
def expected(run):
    return _answer_of_predict(run)


def _answer_of_predict(run):
    """What ``--mode=predict`` says about the example's chat."""
    chat = json.loads(CHAT.read_text(encoding="utf-8"))
    no_answer = dict(answer="", answer_start=0, answer_end=0, response="", source="unknown", has_answer=False)
    start, end, score = ChatPredictor(run).spans(Example("e", "c", "", **chat, **no_answer))[0]
    span = chat["document"][start:end]
    return {"span": span, "start_char": start, "end_char": end, "score": pytest.approx(score, abs=1e-5)}


@pytest.fixture
def matching_run(tiny, prepared):
    """A trained tiny student with match features, exported for the clients that compute keys."""
    found = ensure_run(replace(tiny(seed=40), model="sam_match", recipe="add_train"), prepared)
    if not (found.path / "export").exists():
        export_mode(tiny(), str(found.path), FORMATS)
    return found


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_computes_the_keys_of_words(matching_run, without_package, client):
    said = without_package(EXAMPLES / client, matching_run.path / "export" / CLIENTS[client], CHAT)
    assert json.loads(said) == _answer_of_predict(matching_run)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_without_this_package_finds_the_span_of_predict(run, expected, without_package, client):
    said = without_package(EXAMPLES / client, run.path / "export" / CLIENTS[client], CHAT)
    assert json.loads(said) == expected


class _Serving(http.server.BaseHTTPRequestHandler):
    """As TensorFlow Serving answers a ``predict`` in row format, for a SavedModel."""

    signature = None

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        columns = {name: tf.constant([row[name] for row in rows]) for name in rows[0]}
        found = {name: value.numpy() for name, value in self.signature(**columns).items()}
        answer = [
            {name: value[i].decode() if value.ndim == 1 and value.dtype == object else value[i].tolist()
             for name, value in found.items() if not name.startswith("n_best")}
            for i in range(len(rows))
        ]  # fmt: skip
        body = json.dumps({"predictions": answer}).encode()
        self.send_response(200 if self.path == "/v1/models/student:predict" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def address(run):
    """Where the exported SavedModel is served."""
    _Serving.signature = tf.saved_model.load(str(run.path / "export/savedmodel/1")).signatures[
        "serving_default"
    ]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Serving)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1/models/student"
    server.shutdown()
    server.server_close()


def test_rest_clients_find_the_span_of_predict(address, expected, without_package):
    assert json.loads(without_package(EXAMPLES / "rest_client.py", address, CHAT)) == expected
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    command = ["node", str(EXAMPLES / "rest_client.mjs"), address, str(CHAT)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert json.loads(said) == expected


@pytest.mark.parametrize("name", FORMATS)
def test_probabilities_are_those_of_keras(run, name):
    student, folder = student_of(run), run.path / "export" / name
    assert FORMATS_BY_NAME[name].has_halves(ExportConfig())
    readers = [load_reader(name, folder), load_halves(name, folder)]
    for words in (1, 40, 300):
        ids = random_words(student.inputs, words, len(student.words), seed=words)
        ids["prober_history"] = np.zeros((1, 1), np.int32)
        outputs = student.model(ids)
        for edge in ("start", "end"):
            likely = masked_softmax(outputs[f"{edge}_logits"], outputs["document_mask"])
            for read in readers:
                np.testing.assert_allclose(read(ids)[f"{edge}_probabilities"], likely, atol=2e-5)


def test_an_export_gives_as_many_spans_as_are_asked_for_and_decodes_as_trained(run, tiny, monkeypatch):
    wanted = []
    monkeypatch.setattr(mode, "export_student", lambda student, *rest: wanted.append(student.limits))
    export_mode(tiny("evaluation.n_best=2"), str(run.path), ["savedmodel"])
    assert [limits.n_best for limits in wanted] == [2]
    with pytest.raises(UserError, match="max_span=10: .* train anew"):
        export_mode(tiny("evaluation.max_span=10"), str(run.path), ["savedmodel"])


def test_a_card_stands_beside_every_export(run):
    for name in FORMATS:
        folder = run.path / "export" / name
        card = json.loads((folder / "model_card.json").read_text(encoding="utf-8"))
        text = (folder / "model_card.md").read_text(encoding="utf-8")
        assert card["format"] == name and card["recipe"]["name"] == "add_train"
        assert card["sizes"] == {
            path.relative_to(folder).as_posix(): path.stat().st_size
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith("model_card")
        }
        f1 = card["scores"]["f1"] if card["scores"] else None
        if f1:
            assert f1["low"] <= f1["value"] <= f1["high"] and f"{f1['value']:.1f}" in text
        assert set(card["latency"]["milliseconds"]) == {"256", "1200"}
        assert "can be read once" in text and card["kept"]["format"] == "float32"
        assert "PDDL" in text and "## Limits" in text and str(run.path.parent) not in text


def test_an_export_is_replaced_but_nothing_else(run, tiny, tmp_path):
    strange = tmp_path / "mine"
    strange.mkdir()
    (strange / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match="no export"):
        export_mode(tiny(), str(run.path), ["onnx"], str(strange))
    assert (strange / "letter.txt").exists()
    folder = tmp_path / "out"
    for quantization in ("none", "int8"):
        export_mode(tiny(f"export.quantization={quantization}"), str(run.path), ["onnx"], str(folder))
    assert json.loads((folder / "model_card.json").read_text())["options"]["quantization"] == "int8"


def test_a_teacher_is_refused(tiny, trained, tmp_path):
    teacher = trained("qanet")
    with pytest.raises(UserError, match="cannot be exported, because it is a teacher"):
        export_mode(tiny(), str(teacher.path), ["onnx"], str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_what_a_format_has_not_is_said(run, tiny, tmp_path):
    with pytest.raises(UserError, match="savedmodel, tflite, onnx"):
        export_mode(tiny(), str(run.path), ["pickle"])
    hashed = tiny("export.max_words=20", "export.hash_buckets=4")
    with pytest.raises(UserError, match="hash_buckets"):
        export_mode(hashed, str(run.path), ["onnx"], str(tmp_path / "out"))


TOY = """
import numpy as np
from holle_tf.export.client_files import write_vocabulary


def write(student, folder, options):
    write_vocabulary(student, folder)
    np.save(folder / "vectors.npy", student.vectors)


def read(folder, threads):
    vectors = np.load(folder / "vectors.npy")

    def likely(ids):
        lengths = np.linalg.norm(vectors[ids["document"]], axis=-1)
        return {f"{edge}_probabilities": lengths / lengths.sum() for edge in ("start", "end")}

    return likely
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A format of one's own, registered until the test is over."""
    (tmp_path / "toy_export.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    register_export_format(ExportFormat("toy", "Toy arrays", "toy_export:write", "toy_export:read"))
    yield
    del FORMATS_BY_NAME["toy"]


def test_a_registered_format_is_written_read_back_and_described(run, tiny, toy, tmp_path, capsys):
    out = tmp_path / "out"
    export_mode(tiny("export.max_words=20"), str(run.path), ["toy"], str(out))
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["exports"] == {"toy": str(out)}
    student = student_of(run)
    found = load_reader("toy", out)(random_words(student.inputs, 30, 20))["start_probabilities"]
    assert found.shape == (1, 30) and found.sum() == pytest.approx(1)
    assert len((out / "vocab.txt").read_text().splitlines()) == 22 < len(student.words)
    card = json.loads((out / "model_card.json").read_text())
    assert card["format"] == "toy" and card["options"] == {"max_words": 20}
    assert set(card["sizes"]) == {"vocab.txt", "vectors.npy"} and set(card["latency"]["milliseconds"])
    assert "- Format: Toy arrays; max_words 20" in (out / "model_card.md").read_text()
    with pytest.raises(UserError, match="export.quantization: --format=toy does not have it"):
        export_mode(tiny("export.quantization=int8"), str(run.path), ["toy"], str(out))


def test_the_card_of_a_student_of_ones_own_recipe_names_it(tiny, prepared):
    config = replace(tiny("recipes.mine.terms=[labels]", seed=41), recipe="mine")
    run = ensure_run(config, prepared)
    export_mode(tiny(), str(run.path), ["onnx"])
    card = json.loads((run.path / "export" / "onnx" / "model_card.json").read_text(encoding="utf-8"))
    assert card["recipe"]["name"] == "mine"
