"""The service as a client meets it: over HTTP, with a model whose answers are known."""

import json
import socket
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from holle_tf.options.serve import ServeConfig

PREDICT, CHAT = "/v1/models/sam:predict", "/v1/models/sam:chat"
TEXT = "Ein 😀 Café, e\u0301t 2.8 <b>end</b>"


@pytest.fixture(scope="module")
def model(first_word):
    return first_word()


@pytest.fixture(scope="module")
def client(serving, model):
    options = ServeConfig(port=0, max_document_words=50, max_body_bytes=20_000, max_queue=8, body_seconds=0.5)
    with serving({"sam": model}, options) as client:
        yield client


def test_status_health_and_list_of_the_models(client):
    assert client.get("/healthz") == (200, {"status": "ok"})
    status, body = client.get("/v1/models/sam")
    (version,) = body["model_version_status"]
    assert (status, version["state"], version["status"]["error_code"]) == (200, "AVAILABLE", "OK")
    assert client.get("/v1/models/sam/versions/1") == (200, body)
    (entry,) = client.get("/v1/models")[1]["models"]
    assert (entry["name"], entry["kind"], entry["parameters"]) == ("sam", "sam", None)


def test_rows_give_predictions_whose_offsets_count_characters(client):
    rows = [{"document": TEXT, "query": "Café"}, {"document": TEXT, "query": "end", "prober_history": "x"}]
    status, body = client.post(PREDICT, {"instances": rows})
    assert status == 200
    for row, found in zip(rows, body["predictions"]):
        assert found["span"] == row["query"] == TEXT[found["start_char"] : found["end_char"]]
        assert found["n_best_span"] == [found["span"]] and found["n_best_score"] == [found["score"]] == [1.0]


def test_columns_give_outputs_of_the_same_values(client):
    columns = {"document": [TEXT, "a b"], "query": ["Café", "b"], "prober_history": ["p", ""]}
    rows = [{name: values[i] for name, values in columns.items()} for i in range(2)]
    predictions = client.post(PREDICT, {"instances": rows})[1]["predictions"]
    status, body = client.post(PREDICT, {"inputs": columns, "signature_name": "serving_default"})
    assert status == 200
    assert body["outputs"] == {name: [row[name] for row in predictions] for name in predictions[0]}


def test_a_document_without_words_has_an_empty_span(client):
    rows = [{"document": " \n", "query": ""}, {"document": "", "query": "x"}]
    _, body = client.post(PREDICT, {"instances": rows})
    for found in body["predictions"]:
        assert (found["span"], found["start_char"], found["score"], found["n_best_span"]) == ("", 0, 0.0, [])


def test_a_chat_becomes_query_and_histories_of_both_sides(client, model):
    turns = ["p1", "r1", "p2", "r2", "p3", "r3", "😀"]
    status, body = client.post(CHAT, {"document": TEXT, "chat": turns, "tokens": True})
    assert status == 200
    assert model.histories[-1] == ("p2 p3", "r2 r3")  # two turns of each side
    (best,) = body["n_best"]
    assert best == {"text": "😀", "start_char": 4, "end_char": 5, "score": 1.0}
    tokens = body["tokens"]
    assert [TEXT[i:j] for i, j in zip(tokens["start_chars"], tokens["end_chars"])][:3] == [
        "Ein",
        "😀",
        "Café",
    ]
    assert tokens["start_probabilities"][:3] == tokens["end_probabilities"][:3] == [0.0, 1.0, 0.0]
    assert body["batch"] == 1 and body["model_ms"] >= 0 and body["queued_ms"] >= 0
    assert "tokens" not in client.post(CHAT, {"document": TEXT, "chat": turns})[1]


def test_halves_of_surrogate_pairs_are_replaced(client):
    body = b'{"instances": [{"document": "a\\ud800 b", "query": "b\\udc00"}]}'
    status, found = client.post(PREDICT, body)
    assert status == 200 and found["predictions"][0]["end_char"] <= 4


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (PREDICT, b"{", 400, "not JSON"),
        (PREDICT, b"", 400, "the body"),
        (PREDICT, b"\xff\xfe\x00", 400, "body"),
        (PREDICT, b"[" * 19_000, 400, "body"),
        (PREDICT, [], 400, "the body"),
        (PREDICT, {}, 400, "'instances'"),
        (PREDICT, {"instances": []}, 400, "instances"),
        (PREDICT, {"instances": [{"query": "a"}]}, 400, "instances.0.document"),
        (PREDICT, {"instances": [{"document": 1, "query": "a"}]}, 400, "instances.0.document"),
        (PREDICT, {"instances": [{"document": "a", "query": "a", "x": 1}]}, 400, "instances.0.x"),
        (PREDICT, b'{"instances": [{"document": "a", "query": "b", "\\ud800": 1}]}', 400, "error"),
        (PREDICT, {"instances": [{"document": "a", "query": "a"}], "inputs": {}}, 400, "inputs"),
        (PREDICT, {"inputs": {"document": ["a"], "query": []}}, 400, "same number"),
        (PREDICT, {"inputs": {"document": [], "query": []}}, 400, "inputs.document"),
        (PREDICT, {"inputs": {"document": ["a"], "query": ["a"]}, "signature_name": "x"}, 400, "explain"),
        (PREDICT, {"instances": [{"document": "a", "query": "a"}] * 9}, 400, "at most 8"),
        (PREDICT, {"instances": [{"document": "a b " * 30, "query": "a"}]}, 400, "60 words; at most 50"),
        (PREDICT, {"instances": [{"document": "a" * 20_000, "query": "a"}]}, 413, "20,000 bytes"),
        (CHAT, {"document": "a", "chat": []}, 400, "chat"),
        (CHAT, {"document": "a", "chat": [" "]}, 400, "no query"),
        (CHAT, {"document": " ", "chat": ["a"]}, 400, "no document"),
        (CHAT, {"document": "a", "chat": "what?"}, 400, "chat"),
        ("/v1/models/other:predict", {"instances": [{"document": "a", "query": "b"}]}, 404, "there are: sam"),
        ("/v1/models/sam:classify", {}, 405, "Method Not Allowed"),
        ("/nowhere/at/all", {}, 404, "Not Found"),
    ],
)  # fmt: skip
def test_a_bad_request_gets_a_reason_in_json(client, path, body, status, said):
    found, reply = client.post(path, body)
    assert found == status
    assert list(reply) == ["error"] and said in json.dumps(reply) and "Traceback" not in reply["error"]


def test_a_fault_of_the_model_is_not_shown(client):
    status, reply = client.post(PREDICT, {"instances": [{"document": "a", "query": "break"}]})
    assert status == 500 and "secret" not in reply["error"]
    assert client.get("/healthz")[0] == 200


def test_a_body_that_comes_too_slowly_is_given_up(client):
    host, port = client.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n".encode()
        )
        reply = connection.makefile("rb").read()
    assert reply.startswith(b"HTTP/1.1 408") and b"0.5 seconds" in reply


def test_curl_need_not_say_that_it_sends_json(client):
    body = b'{"instances": [{"document": "a", "query": "b"}]}'
    request = urllib.request.Request(client.address + PREDICT, body, {"content-type": "text/plain"})
    assert urllib.request.urlopen(request, timeout=20).status == 200


def test_more_requests_than_allowed_are_told_to_come_again(serving, first_word):
    slow = first_word(seconds=0.5)
    body = {"instances": [{"document": "a", "query": "b"}]}
    with serving({"sam": slow}, ServeConfig(port=0, max_concurrency=2)) as client:
        with ThreadPoolExecutor(6) as threads:
            statuses = [status for status, _ in threads.map(lambda _: client.post(PREDICT, body), range(6))]
        assert sorted(set(statuses)) == [200, 429] and statuses.count(200) >= 2
        assert client.post(PREDICT, body)[0] == 200


def test_stopping_answers_what_was_taken(serving, first_word):
    found = []
    body = {"instances": [{"document": "a b", "query": "b"}]}
    with serving({"sam": first_word(seconds=0.6)}, ServeConfig(port=0)) as client:
        thread = threading.Thread(target=lambda: found.append(client.post(PREDICT, body)))
        thread.start()
        time.sleep(0.3)
    thread.join()
    assert found[0][0] == 200 and found[0][1]["predictions"][0]["span"] == "b"
    with pytest.raises(OSError):
        client.get("/healthz")


def test_the_schema_names_every_route_and_the_page_loads_nothing_from_elsewhere(client):
    paths = client.get("/openapi.json")[1]["paths"]
    assert {"/healthz", "/v1/models", "/v1/models/{name}", "/v1/models/{name}:predict"} <= set(paths)
    with urllib.request.urlopen(client.address + "/", timeout=20) as reply:
        page, policy = reply.read().decode(), reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "http" not in policy
    assert "http" not in page.replace("http-equiv", "")
    with urllib.request.urlopen(client.address + "/page/page.js", timeout=20) as reply:
        assert reply.headers["content-type"].startswith("text/javascript")
