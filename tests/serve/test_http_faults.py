"""Requests that are not HTTP, or that two readers would read differently, over a plain connection."""

import json
import socket

import pytest

from holle_tf.options.serve import ServeConfig

HOST = b"Host: localhost\r\n"
POST = b"POST /v1/models/sam:predict HTTP/1.1\r\n" + HOST
NEXT = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.fixture(scope="module")
def exchange(serving, first_word):
    """Function (bytes) -> what the service sends until it closes the connection."""
    with serving({"sam": first_word()}, ServeConfig(port=0, keep_alive_seconds=1)) as client:
        host, port = client.address.removeprefix("http://").split(":")

        def send(data):
            with socket.create_connection((host, int(port)), timeout=20) as connection:
                connection.sendall(data)
                return connection.makefile("rb").read()

        yield send


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01 TLS\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"GET /healthz\r\n\r\n" + NEXT,
        b"GET / HTTP/1.1\r\n" + HOST + b"X Y: 1\r\n\r\n" + NEXT,
        POST + b"Content-Length: 2, 3\r\n\r\n{}" + NEXT,
        POST + b"Content-Length: -1\r\n\r\n{}" + NEXT,
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + NEXT,
        POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + NEXT,
        b"GET /healthz HTTP/1.1\r\n\r\n" + NEXT,
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n" + NEXT,
    ],
    ids=["TLS", "SSH", "HTTP/0.9", "name with a space", "two lengths", "negative length",
         "length, then chunks", "chunks, then length", "no chunk", "no host", "two hosts"],
)  # fmt: skip
def test_one_answer_in_json_and_then_the_end(exchange, data):
    received = exchange(data)
    assert received.count(b"HTTP/1.1 ") == 1 and received.startswith(b"HTTP/1.1 400 ")
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower() and b"content-type: application/json" in head.lower()
    assert list(json.loads(body)) == ["error"]


def test_a_good_request_before_a_bad_one_keeps_its_answer(exchange):
    received = exchange(
        NEXT + POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT
    )
    assert received.startswith(b"HTTP/1.1 200 ") and received.count(b"HTTP/1.1 200 ") == 1


def test_requests_sent_at_once_are_answered_in_turn(exchange):
    received = exchange(NEXT * 3)
    assert received.count(b"HTTP/1.1 200 OK") == 3 and received.count(b'{"status":"ok"}') == 3


def test_a_request_for_another_protocol_is_answered_in_this_one(exchange):
    upgrade = b"Upgrade: h2c\r\nConnection: Upgrade\r\n"
    assert exchange(b"GET /healthz HTTP/1.1\r\n" + HOST + upgrade + b"\r\n").startswith(b"HTTP/1.1 200 ")
    received = exchange(POST + upgrade + b"Content-Length: 2\r\n\r\n{}")
    # httptools does not read its body, h11 does: an answer to another body would be wrong.
    assert received.startswith(b"HTTP/1.1 400 ") and (b"Upgrade" in received or b"'instances'" in received)


def test_trailers_change_nothing(exchange):
    chunks = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nHost: evil.example\r\nX: y\r\n\r\n"
    received = exchange(POST + chunks)
    assert received.startswith(b"HTTP/1.1 400 ") and b"'instances'" in received
