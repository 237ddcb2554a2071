"""An ONNX export behind the service answers as the run that it was made from."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from holle_tf.serve.document_cache import DocumentCache
from holle_tf.serve.run_backend import RunBackend
from pipelines.errors import UserError
from pipelines.example_from_texts import unanswered
from pipelines.options import RULES
from pipelines.tokenizer import tokenize, word_pattern

onnx_backend = pytest.importorskip("holle_tf.serve.onnx_backend", reason="onnxruntime is not installed")
ROOT = Path(__file__).parents[2]
TEXTS = [
    ("The film — a “gem” 😀 — cost $2.8 million.\0 I DON'T love the ending.", "What did it cost?"),
    ("", ""),
    ("word " * 200 + "end.", "what? " * 150, "earlier " * 130, "said"),
    ("A film.", "", "", "good"),
]


@pytest.fixture(scope="module", params=["sam", "sam_match"])
def export(request, untrained_run):
    """The run, and the folder of its export."""
    from holle_tf.config import ExportConfig
    from holle_tf.runs.exporting import student_of, write_export

    run = untrained_run(request.param)
    folder = run.path / "export" / "onnx"
    write_export(student_of(run), "onnx", folder, ExportConfig())
    return run, folder


def test_an_export_gives_the_answers_of_its_run(export):
    run, folder = export
    chats = [unanswered(*texts) for texts in TEXTS]
    theirs, ours = RunBackend(run, DocumentCache(0)).read(chats), onnx_backend.OnnxBackend(folder).read(chats)
    for answer, other in zip(ours, theirs):
        np.testing.assert_array_equal(answer.token_starts, other.token_starts)
        np.testing.assert_array_equal(answer.token_ends, other.token_ends)
        for edge in ("start_probabilities", "end_probabilities"):
            np.testing.assert_allclose(getattr(answer, edge), getattr(other, edge), atol=1e-4)
        if len(answer.token_starts) < 50:  # words that repeat make spans that only rounding tells apart
            assert [span[:2] for span in answer.spans] == [span[:2] for span in other.spans]
        scores = [[span.score for span in each.spans] for each in (answer, other)]
        np.testing.assert_allclose(*scores, atol=1e-4)


def _counted(backend):
    """The backend, and a list to which the rows of every call of ``encode.onnx`` are added."""
    encode, rows = backend._sessions["encode.onnx"], []

    class Counted:
        get_outputs = staticmethod(encode.get_outputs)

        def run(self, names, feeds):
            rows.append(len(feeds["document"]))
            return encode.run(names, feeds)

    backend._sessions["encode.onnx"] = Counted()
    return backend, rows


def _assert_same(answers, others):
    assert len(answers) == len(others)
    for answer, other in zip(answers, others):
        np.testing.assert_array_equal(answer.token_starts, other.token_starts)
        for edge in ("start_probabilities", "end_probabilities"):
            np.testing.assert_allclose(getattr(answer, edge), getattr(other, edge), atol=2e-6)
        if len(answer.token_starts) < 50:  # as above
            assert [span[:2] for span in answer.spans] == [span[:2] for span in other.spans]


TURNS = [
    (TEXTS[0][0], "What did it cost?"),
    ("A film.", "good?", "", "bad"),
    (TEXTS[0][0], "And the ending?", "What did it cost?", "$2.8 million"),
    ("", "What?"),
    (TEXTS[0][0], ""),
]


def test_a_document_is_read_once_and_answers_stay_the_same(export):
    folder = export[1]
    backend, rows = _counted(onnx_backend.OnnxBackend(folder))
    whole = onnx_backend.OnnxBackend(folder, DocumentCache(0))
    assert list(whole._sessions) == ["model.onnx"]
    chats = [unanswered(*texts) for texts in TURNS]
    expected = whole.read(chats)
    for _ in range(2):
        _assert_same(backend.read(chats), expected)
    assert rows == [3]  # three documents, read as a batch
    for chat, answer in zip(chats, expected):
        _assert_same(backend.read([chat]), [answer])
    assert rows == [3]


@pytest.mark.parametrize(("states", "atol"), [("float32", 2e-6), ("float16", 1e-3), ("int8", 1e-2)])
def test_packed_states_give_nearly_the_answers_of_the_whole_model(export, states, atol):
    backend = onnx_backend.OnnxBackend(export[1], states=states)
    chats = [unanswered(*texts) for texts in TURNS]
    expected = onnx_backend.OnnxBackend(export[1], DocumentCache(0)).read(chats)
    first, later = backend.read(chats), backend.read(chats)
    for answer, again, other in zip(first, later, expected):
        np.testing.assert_array_equal(answer.token_ends, other.token_ends)
        for edge in ("start_probabilities", "end_probabilities"):
            np.testing.assert_allclose(getattr(answer, edge), getattr(other, edge), atol=atol)
            np.testing.assert_array_equal(getattr(answer, edge), getattr(again, edge))


def test_a_document_that_was_dropped_is_read_again(export):
    folder = export[1]
    chats = [unanswered("word " * 300 + str(number), "what?") for number in range(4)]
    most = int(2.5 * _size(folder, chats[0]))
    cache = DocumentCache(most)
    backend, rows = _counted(onnx_backend.OnnxBackend(folder, cache))
    whole = onnx_backend.OnnxBackend(folder, DocumentCache(0))
    for chat in (*chats, chats[-1], *chats):
        _assert_same(backend.read([chat]), whole.read([chat]))
    assert len(rows) == 8  # the fifth chat is about the document of the fourth
    assert most / 2 < cache.size <= most


def _size(folder, chat):
    """Bytes that the document of a chat takes."""
    cache = DocumentCache(1 << 30)
    onnx_backend.OnnxBackend(folder, cache).read([chat])
    return cache.size


def test_threads_share_what_was_read(export):
    folder = export[1]
    chats = [unanswered("word " * 100 + f"and {n}.", f"what is {n}?") for n in range(12)] * 4
    backend = onnx_backend.OnnxBackend(folder, DocumentCache(int(4.5 * _size(folder, chats[0]))))
    expected = onnx_backend.OnnxBackend(folder, DocumentCache(0)).read(chats[:12]) * 4
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda chat: backend.read([chat])[0], chats))
    _assert_same(found, expected)


def test_an_export_without_halves_is_read_whole(export, tmp_path):
    folder = export[1]
    for name in ("model.onnx", "vocab.txt", "tokenizer.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    chats = [unanswered(*texts) for texts in TURNS]
    _assert_same(onnx_backend.OnnxBackend(tmp_path).read(chats), onnx_backend.OnnxBackend(folder).read(chats))


@pytest.mark.parametrize("rules", RULES)
def test_an_export_is_read_by_the_pattern_of_its_own(export, tmp_path, rules):
    for name in ("model.onnx", "vocab.txt"):
        (tmp_path / name).write_bytes((export[1] / name).read_bytes())
    own = json.loads((export[1] / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").write_text(json.dumps({**own, "pattern": word_pattern(rules).pattern}))
    document = "यह फिल्म एक कहानी है"
    (answer,) = onnx_backend.OnnxBackend(tmp_path).read([unanswered(document, "कहानी?")])
    assert answer.token_starts.tolist() == [token.start for token in tokenize(document, rules)]


@pytest.mark.parametrize("pattern", ["(", None])
def test_a_pattern_that_is_none_is_named(export, tmp_path, pattern):
    for name in ("model.onnx", "vocab.txt"):
        (tmp_path / name).write_bytes((export[1] / name).read_bytes())
    own = json.loads((export[1] / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").write_text(json.dumps({**own, "pattern": pattern}))
    with pytest.raises(UserError, match="cannot load this export .*; export it again"):
        onnx_backend.OnnxBackend(tmp_path)


def test_halves_of_another_model_are_refused(export, tmp_path):
    for path in export[1].glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with open(tmp_path / "model.onnx", "ab") as file:
        file.write(b"\x32\x00")  # an empty doc_string: another file of the same model
    with pytest.raises(
        UserError, match="encode.onnx takes its weights from another model.onnx.*export it again"
    ):
        onnx_backend.OnnxBackend(tmp_path)


@pytest.mark.parametrize("export", ["sam_match"], indirect=True)
def test_keys_of_another_version_are_refused(export, tmp_path):
    _, folder = export
    rules = json.loads((folder / "tokenizer.json").read_text())
    rules["keys"]["version"] = 0
    for name in ("model.onnx", "vocab.txt"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "tokenizer.json").write_text(json.dumps(rules))
    with pytest.raises(UserError, match="keys of words of version 0; this program computes 1"):
        onnx_backend.OnnxBackend(tmp_path)


def test_a_folder_that_is_no_export_is_named(export, tmp_path):
    _, folder = export
    with pytest.raises(UserError, match="model.onnx: missing"):
        onnx_backend.OnnxBackend(tmp_path)
    for name in ("model.onnx", "vocab.txt", "tokenizer.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(UserError, match="cannot load this export"):
        onnx_backend.OnnxBackend(tmp_path)


def test_serving_an_export_loads_no_tensorflow_and_stays_small(export):
    """What ``--mode=serve --export_dir`` does, except for listening, with long documents in a new process."""
    code = """
import json, sys
from pathlib import Path
from holle_tf.config_sources import load_config
from holle_tf.modes import serve as mode
from holle_tf.serve import app, backend, onnx_backend, server
from holle_tf.system.memory import keep_freed_memory, peak_memory_mb
from pipelines.example_from_texts import unanswered
keep_freed_memory()
loaded = onnx_backend.OnnxBackend(Path(sys.argv[1]))
backend.warm_up(loaded)
app.create_app(mode.name_backends([loaded]), load_config().serve)
for words in (1200, 5000):
    loaded.read([unanswered("word " * words, "what?")])
print(json.dumps([sorted({"tensorflow", "keras", "matplotlib"} & set(sys.modules)), peak_memory_mb()]))
"""
    pytest.importorskip("fastapi", reason="requirements-serve.txt is not installed")
    command = [sys.executable, "-c", code, str(export[1])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ}, timeout=300)
    assert done.returncode == 0, done.stderr
    loaded, megabytes = json.loads(done.stdout)
    assert loaded == [] and megabytes < 400
