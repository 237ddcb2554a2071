"""Documents by their ids, over HTTP, with a model whose answers are known."""

import pytest
from starlette.exceptions import HTTPException

from holle_tf.options.serve import ServeConfig
from holle_tf.serve.document_cache import DocumentCache
from holle_tf.serve.documents import DocumentStore

PREDICT, CHAT, DOCUMENTS = "/v1/models/sam:predict", "/v1/models/sam:chat", "/v1/documents"
TEXT = "Ein 😀 Café, e\u0301t 2.8 <b>end</b>"


@pytest.fixture(scope="module")
def client(serving, first_word):
    options = ServeConfig(port=0, max_document_words=50, document_cache_mb=1)
    with serving({"sam": first_word()}, options) as client:
        yield client


def _id(client, text=TEXT):
    status, body = client.post(DOCUMENTS, {"document": text})
    assert status == 200
    return body["document_id"]


def test_an_id_stands_for_the_text(client):
    status, body = client.post(DOCUMENTS, {"document": TEXT})
    assert (status, body["words"], len(body["document_id"])) == (200, 14, 64)
    key = body["document_id"]
    assert _id(client) == key and _id(client, TEXT + " ") != key
    said = {"chat": ["Café"], "tokens": True}
    by_id, by_text = (
        client.post(CHAT, {**said, **of})[1] for of in ({"document_id": key}, {"document": TEXT})
    )
    for reply in (by_id, by_text):
        assert reply["document_id"] == key and reply["n_best"][0]["text"] == "Café"
    assert by_id["tokens"] == by_text["tokens"]


def test_rows_and_columns_take_ids(client):
    key, other = _id(client), _id(client, "a b")
    rows = [
        {"document_id": key, "query": "end"},
        {"document": "c d", "query": "d"},
        {"document_id": other, "query": "b"},
    ]
    predictions = client.post(PREDICT, {"instances": rows})[1]["predictions"]
    assert [found["span"] for found in predictions] == ["end", "d", "b"]
    columns = {"document_id": [key, other], "query": ["end", "b"]}
    assert client.post(PREDICT, {"inputs": columns})[1]["outputs"]["span"] == ["end", "b"]


def test_a_reply_has_the_id_for_the_next_turn(client):
    key = client.post(CHAT, {"document": "one two", "chat": ["two"]})[1]["document_id"]
    reply = client.post(CHAT, {"document_id": key, "chat": ["two", "two", "one"]})[1]
    assert reply["n_best"][0]["text"] == "one"


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (CHAT, {"document_id": "f00", "chat": ["a"]}, 404, "no document 'f00' is kept (any more); send its"),
        (PREDICT, {"instances": [{"document_id": "f00", "query": "a"}]}, 404, "POST /v1/documents"),
        (PREDICT, {"inputs": {"document_id": ["f00"], "query": ["a"]}}, 404, "'f00'"),
        (CHAT, {"document_id": "f00", "document": "a", "chat": ["a"]}, 400, "not both"),
        (CHAT, {"chat": ["a"]}, 400, "document: Field required, or 'document_id'"),
        (PREDICT, {"inputs": {"query": ["a"]}}, 400, "inputs.document: Field required"),
        (PREDICT, {"inputs": {"document_id": [], "query": []}}, 400, "inputs.document_id"),
        (CHAT, {"document_id": "f" * 1000, "chat": ["a"]}, 404, "'" + "f" * 80 + "'"),
        (DOCUMENTS, {"document": "a b " * 30}, 400, "60 words; at most 50"),
        (DOCUMENTS, {"text": "a"}, 400, "document"),
        (
            DOCUMENTS,
            {"document": "a" * 1_100_000},
            413,
            "does not fit into serve.document_cache_mb=1; send its",
        ),
    ],
)
def test_a_bad_request_gets_a_reason_of_one_line(client, path, body, status, said):
    found, reply = client.post(path, body)
    assert (found, list(reply)) == (status, ["error"])
    assert said in reply["error"] and "\n" not in reply["error"]


def test_a_document_that_was_dropped_is_unknown_until_its_text_comes_again(client):
    key = _id(client)
    for letter in "xyz":
        _id(client, letter * 400_000)  # bytes, of 1 MB
    status, reply = client.post(CHAT, {"document_id": key, "chat": ["end"]})
    assert status == 404 and "store it again by POST /v1/documents" in reply["error"]
    assert client.post(CHAT, {"document": TEXT, "chat": ["end"]})[1]["document_id"] == key
    assert client.post(CHAT, {"document_id": key, "chat": ["end"]})[0] == 200


def test_after_a_restart_an_id_is_unknown_until_its_text_comes_again():
    before, after = (DocumentStore(DocumentCache.of_megabytes(1), most_words=50) for _ in range(2))
    key = before.keep(TEXT).id
    assert before.get(key).text == TEXT
    with pytest.raises(HTTPException) as refused:
        after.get(key)
    assert refused.value.status_code == 404 and "send its text" in refused.value.detail
    assert after.add(TEXT).id == key and after.get(key).text == TEXT


def test_a_service_that_keeps_nothing_says_so(serving, first_word):
    with serving({"sam": first_word()}, ServeConfig(port=0, document_cache_mb=0)) as client:
        status, reply = client.post(DOCUMENTS, {"document": "a"})
        assert status == 413 and "serve.document_cache_mb=0" in reply["error"]
        status, reply = client.post(CHAT, {"document": "a b", "chat": ["b"]})
        assert status == 200 and "document_id" not in reply
