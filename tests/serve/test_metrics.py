"""What a service counts, as Prometheus reads it."""

import urllib.request

import pytest

from holle_tf.options.serve import ServeConfig
from holle_tf.serve.document_cache import document_id

parser = pytest.importorskip("prometheus_client.parser", reason="requirements-serve.txt is not installed")
CHAT = "/v1/models/sam:chat"
CHAT_ROUTE = "/v1/models/{name}:chat"


class OneKnown:
    """Documents of a model that has read "a b"."""

    def knows(self, key):
        return key == document_id("a b")


def counts(client):
    """(name, labels) -> value of every sample."""
    with urllib.request.urlopen(client.address + "/metrics", timeout=20) as reply:
        assert reply.headers["content-type"].startswith("text/plain; version=")
        text = reply.read().decode()
    families = parser.text_string_to_metric_families(text)
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_requests_batches_and_documents_are_counted(serving, first_word):
    options = ServeConfig(port=0, max_concurrency=8)
    with serving({"sam": first_word(documents=OneKnown())}, options) as client:
        for text in ("a b", "a b", "c"):
            assert client.post(CHAT, {"document": text, "chat": ["a"]})[0] == 200
        assert client.post(CHAT, {"document": "a", "chat": []})[0] == 400
        rows = [{"document": "a b", "query": "b"}] * 3
        assert client.post("/v1/models/sam:predict", {"instances": rows})[0] == 200
        assert client.get("/nowhere/at/all")[0] == 404
        found = counts(client)
    assert found["holle_requests_total", CHAT_ROUTE, "200"] == 3
    assert found["holle_requests_total", CHAT_ROUTE, "400"] == 1
    assert found["holle_requests_total", "404", "other"] == 1
    assert found["holle_request_seconds_count", CHAT_ROUTE] == 4
    assert 0 < found["holle_request_seconds_sum", CHAT_ROUTE] < 10
    assert found["holle_batch_chats_count", "sam"] == 4 and found["holle_batch_chats_sum", "sam"] == 6
    assert found["holle_document_lookups_total", "hit", "sam"] == 5
    assert found["holle_document_lookups_total", "miss", "sam"] == 1
    assert found["holle_queue_chats", "sam"] == 0
    assert found["holle_document_cache_bytes",] > 1000  # two texts


def test_what_is_refused_and_what_fails_is_counted_by_its_status(serving, first_word):
    with serving({"sam": first_word()}, ServeConfig(port=0, max_body_bytes=100)) as client:
        assert client.post(CHAT, {"document": "a", "chat": ["break"]})[0] == 500
        assert client.post(CHAT, {"document": "a" * 100, "chat": ["a"]})[0] == 413
        found = counts(client)
    assert found["holle_requests_total", CHAT_ROUTE, "500"] == 1
    assert found["holle_requests_total", "413", "other"] == 1


def test_every_service_counts_for_itself(serving, first_word):
    with serving({"sam": first_word()}) as one, serving({"sam": first_word()}) as other:
        one.get("/healthz")
        assert ("holle_requests_total", "/healthz", "200") in counts(one)
        assert ("holle_requests_total", "/healthz", "200") not in counts(other)
