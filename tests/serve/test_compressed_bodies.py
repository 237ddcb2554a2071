"""Bodies that are compressed, on the way in and out."""

import gzip
import json
import urllib.error
import urllib.request

import pytest

from holle_tf.options.serve import ServeConfig

PREDICT = "/v1/models/sam:predict"
LIMIT = 100_000
BODY = json.dumps({"instances": [{"document": "a b", "query": "b"}]}).encode()


@pytest.fixture(scope="module")
def client(serving, first_word):
    with serving({"sam": first_word()}, ServeConfig(port=0, max_body_bytes=LIMIT)) as client:
        yield client


def send(client, body, coding="gzip", path=PREDICT):
    """(status, JSON)."""
    headers = {"content-type": "application/json", "content-encoding": coding}
    request = urllib.request.Request(client.address + path, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
def test_a_gzip_body_is_read(client, coding):
    status, found = send(client, gzip.compress(BODY), coding)
    assert status == 200 and found["predictions"][0]["span"] == "b"


def test_a_gzip_body_of_several_parts_is_read(client):
    assert send(client, gzip.compress(BODY[:9]) + gzip.compress(BODY[9:]))[0] == 200


def test_what_a_body_unpacks_to_is_bounded(client):
    assert send(client, gzip.compress(BODY + b" " * (LIMIT - len(BODY))))[0] == 200
    for bomb in (b" " * (LIMIT + 1), b"\0" * 50_000_000):
        status, found = send(client, gzip.compress(bomb))
        assert status == 413 and "100,000 bytes" in found["error"]


@pytest.mark.parametrize(
    "body",
    [BODY, gzip.compress(BODY)[:-5], gzip.compress(BODY) + b"x", gzip.compress(b"") * 4000, b"\x1f\x8b"],
    ids=["plain", "cut", "followed by something", "of thousands of parts", "header"],
)  # fmt: skip
def test_a_body_that_is_no_gzip_is_refused(client, body):
    status, found = send(client, body)
    assert status == 400 and "gzip" in found["error"]


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip"])
def test_other_encodings_are_refused(client, coding):
    status, found = send(client, BODY, coding)
    assert status == 415 and "gzip" in found["error"]


def test_a_long_reply_is_compressed_for_who_accepts_it(client):
    body = json.dumps({"document": "word " * 3000, "chat": ["word"], "tokens": True}).encode()
    found = {}
    for accepted in ("identity", "gzip"):
        headers = {"content-type": "application/json", "accept-encoding": accepted}
        request = urllib.request.Request(client.address + "/v1/models/sam:chat", body, headers)
        with urllib.request.urlopen(request, timeout=20) as reply:
            assert reply.headers.get("content-encoding", "identity") == accepted
            found[accepted] = reply.read()
    plain, unpacked = (json.loads(body) for body in (found["identity"], gzip.decompress(found["gzip"])))
    assert plain["tokens"] == unpacked["tokens"] and len(found["gzip"]) < len(found["identity"]) / 4
