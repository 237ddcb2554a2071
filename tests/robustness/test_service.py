"""Requests of any content to the service: a refusal of one line, or the answer that the model gives."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holle_tf.options.serve import ServeConfig
from pipelines.example_from_texts import example_from_chat, unanswered
from pipelines.json_values import as_text
from tests.robustness.damage import JSON, ODD, damaged_bytes, damaged_json, with_odd_values
from tests.robustness.fuzzing import examples

pytest.importorskip("fastapi", reason="requirements-serve.txt is not installed")
onnx_backend = pytest.importorskip("holle_tf.serve.onnx_backend", reason="onnxruntime is not installed")

DOCUMENT = "He left the film, it's good 😀. She stayed."
CHAT = {"document": DOCUMENT, "chat": ["Hi", "Hello", "Who left?"]}
ROWS = {
    "instances": [{"document": DOCUMENT, "query": "Who?", "prober_history": "a", "responder_history": "b"}]
}
COLUMNS = {
    "inputs": {"document": [DOCUMENT, "A film."], "query": ["Who?", ""]},
    "signature_name": "serving_default",
}
KEPT = {"document": DOCUMENT}
REQUESTS = [(":chat", CHAT), (":predict", ROWS), (":predict", COLUMNS), ("documents", KEPT)]
REFUSALS = {400, 403, 404, 408, 413, 415, 429, 431, 503}


@pytest.fixture(scope="module")
def backend(exported):
    return onnx_backend.OnnxBackend(exported)


@pytest.fixture(scope="module")
def client(backend):
    from holle_tf.serve.app import create_app
    from tests.robustness.asgi_client import AsgiClient

    options = ServeConfig(max_document_words=50, max_body_bytes=20_000, max_queue=8)
    client = AsgiClient(create_app({"sam": backend}, options))
    yield client
    client.close()


def asked(client, path, body):
    """The reply to a request as JSON, or None if it was refused, which is checked."""
    path = f"/v1/models/sam{path}" if path[0] == ":" else f"/v1/{path}"
    reply = client.send("POST", path, body)
    content = json.loads(reply.body)
    if reply.status == 200:
        return content
    assert reply.status in REFUSALS, (reply.status, content)
    assert list(content) == ["error"] and len(content["error"]) < 400
    assert len(content["error"].splitlines()) == 1, content
    return None


def expected_spans(backend, path, body):
    """What the model answers to a valid request: the spans of each chat."""
    request = json.loads(body)
    if path == ":chat":
        chats = [example_from_chat({"document": request["document"], "chat": request["chat"]}, backend.data)]
    else:
        rows = request.get("instances")
        if rows is None:
            columns = {name: values for name, values in request["inputs"].items() if values is not None}
            rows = [dict(zip(columns, row)) for row in zip(*columns.values())]
        names = ("document", "query", "prober_history", "responder_history")
        chats = [unanswered(*(as_text(row.get(name) or "") for name in names)) for row in rows]
    return [[(s.start_char, s.end_char, s.score) for s in backend.read([chat])[0].spans] for chat in chats]


def spans_of(path, reply):
    if path == ":chat":
        return [[(s["start_char"], s["end_char"], s["score"]) for s in reply["n_best"]]]
    names = ("n_best_start_char", "n_best_end_char", "n_best_score")
    if "outputs" in reply:
        return [list(zip(*row)) for row in zip(*(reply["outputs"][name] for name in names))]
    return [list(zip(*(row[name] for name in names))) for row in reply["predictions"]]


def check(client, backend, path, body):
    reply = asked(client, path, body)
    if reply is None or path == "documents" or b'"document_id"' in body:
        return
    for found, expected in zip(spans_of(path, reply), expected_spans(backend, path, body)):
        assert [span[:2] for span in found] == [span[:2] for span in expected]
        assert np.allclose([span[2] for span in found], [span[2] for span in expected], atol=1e-5)


@pytest.mark.parametrize("path, request_", REQUESTS, ids=["chat", "rows", "columns", "documents"])
def test_the_undamaged_request_is_answered(client, backend, path, request_):
    assert asked(client, path, json.dumps(request_).encode()) is not None
    check(client, backend, path, json.dumps(request_).encode())


@pytest.mark.parametrize("path, request_", REQUESTS, ids=["chat", "rows", "columns", "documents"])
def test_any_odd_value_is_refused_or_answered_rightly(client, backend, path, request_):
    for _, damaged in with_odd_values(request_):
        check(client, backend, path, json.dumps(damaged).encode())


@pytest.mark.parametrize("path, request_", REQUESTS, ids=["chat", "rows", "columns", "documents"])
@examples(50)
@given(data=st.data())
def test_a_damaged_request_is_refused_or_answered_rightly(client, backend, path, request_, data):
    [damaged, *_] = data.draw(damaged_json([request_]).filter(bool))
    check(client, backend, path, json.dumps(damaged).encode())


@pytest.mark.parametrize("path, request_", REQUESTS, ids=["chat", "rows", "columns", "documents"])
@examples(40)
@given(data=st.data())
def test_a_damaged_body_is_refused_or_answered_rightly(client, backend, path, request_, data):
    check(client, backend, path, data.draw(damaged_bytes(json.dumps(request_, ensure_ascii=False).encode())))


@examples(60)
@given(path=st.sampled_from([":chat", ":predict", "documents"]), content=st.sampled_from(ODD) | JSON)
def test_any_json_is_refused(client, path, content):
    assert asked(client, path, json.dumps(content).encode()) is None


@examples(60)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "DELETE"]),
    path=st.text(max_size=30),
    body=st.binary(max_size=40),
)
def test_any_path_has_an_answer_or_a_refusal(client, method, path, body):
    reply = client.send(method, f"/{path}", body)
    assert reply.status in {200, 307, 400, 403, 404, 405}


def test_nesting_without_end_is_refused(client):
    for body in (b"[" * 9000, b'{"chat":' * 2000, b'{"document": "a", "chat": ' + b"[" * 9000):
        assert asked(client, ":chat", body) is None


@pytest.mark.parametrize("key", ["\x1e", "\x85", "\u2028", "\x1b[2J"])
def test_an_error_about_a_key_is_one_printable_line(client, key):
    body = json.dumps({"document": "A film.", "chat": ["What?"], key: 1}).encode()
    reply = client.send("POST", "/v1/models/sam:chat", body)
    error = json.loads(reply.body)["error"]
    assert reply.status == 400 and error.isprintable() and "Extra inputs are not permitted" in error
