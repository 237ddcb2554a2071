"""A service that many, silent, slow and greedy connections cannot stop."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from holle_tf.options.serve import ServeConfig

pytest.importorskip("fastapi", reason="requirements-serve.txt is not installed")
ROOT = Path(__file__).parents[2]
PREDICT = "/v1/models/sam:predict"
BODY = {"instances": [{"document": "a b", "query": "b"}]}
SLOW_BODY = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n{{".encode()


def connect(client, sent=b""):
    """A connection over which ``sent`` has been sent."""
    host, port = client.address.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(sent)
    return connection


def rest(connection):
    """What is received until the connection is closed, and the seconds that this took."""
    began, received = time.perf_counter(), b""
    while piece := connection.recv(1 << 16):
        received += piece
    return received, time.perf_counter() - began


def is_closed(connection):
    connection.settimeout(0.2)
    try:
        return connection.recv(1) == b""
    except socket.timeout:
        return False
    except ConnectionError:
        return True


@contextmanager
def limited_process(client_class, log):
    """A client of a service that may have 256 open files, and the process."""
    command = [sys.executable, str(Path(__file__).with_name("limited_process.py")), "256", "300"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        log.open("w") as stream,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=stream, text=True
        ) as process,
    ):
        try:
            yield client_class(f"http://127.0.0.1:{int(process.stdout.readline())}"), process
        finally:
            process.kill()


@pytest.mark.parametrize("sent", [b"", b"POST /v1", SLOW_BODY], ids=["silent", "half headers", "slow body"])
def test_300_connections_that_stay_leave_the_service_to_others(serving, tmp_path, sent):
    log = tmp_path / "log"
    with limited_process(serving.client, log) as (client, process), ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(client, sent))
        with ThreadPoolExecutor(8) as threads:
            replies = list(threads.map(lambda _: client.post(PREDICT, BODY), range(40)))
        assert {status for status, _ in replies} == {200}
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0  # it awaits no request that has yet to arrive
    lines = log.read_text().splitlines()
    assert len(lines) == 1 and "as many as can be open" in lines[0]


def test_a_client_that_does_not_finish_its_headers_is_given_up(serving, first_word):
    with serving({"sam": first_word()}, ServeConfig(port=0, header_seconds=0.5)) as client:
        with connect(client) as silent, connect(client, b"GET /healthz HTTP/1.1\r\nHost: loc") as slow:
            for _ in range(3):
                time.sleep(0.1)
                slow.sendall(b"a")  # a byte from time to time gives it no more time
            received, seconds = rest(slow)
            assert received.startswith(b"HTTP/1.1 408 ") and b'{"error": "the headers' in received
            assert seconds < 3 and rest(silent)[0] == b""


def test_bytes_between_requests_do_not_keep_a_connection_open(serving, first_word):
    with serving(
        {"sam": first_word()}, ServeConfig(port=0, header_seconds=0.5, keep_alive_seconds=1)
    ) as client:
        request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with connect(client, request) as idle, connect(client, request) as slow:
            assert idle.recv(1 << 16).startswith(b"HTTP/1.1 200") and slow.recv(1 << 16)
            slow.sendall(b"G")
            assert b"HTTP/1.1 408" in rest(slow)[0] and rest(idle)[1] < 5


def test_slow_bodies_take_no_places_of_requests_in_progress(serving, first_word):
    with (
        serving({"sam": first_word()}, ServeConfig(port=0, max_concurrency=2)) as client,
        ExitStack() as stack,
    ):
        for _ in range(10):
            stack.enter_context(connect(client, SLOW_BODY))
        assert [client.post(PREDICT, BODY)[0] for _ in range(5)] == [200] * 5


def test_bodies_that_arrive_are_bounded_together(serving, first_word):
    options = ServeConfig(port=0, max_concurrency=1, max_body_bytes=200_000)
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 190000\r\n\r\n".encode()
    with serving({"sam": first_word()}, options) as client:
        with connect(client, head + b" " * 150_000), connect(client, head + b" " * 150_000) as second:
            assert rest(second)[0].startswith(b"HTTP/1.1 429 ")
            assert client.post(PREDICT, BODY)[0] == 200


def test_a_body_that_comes_by_bytes_makes_room_before_a_younger_connection(serving, first_word):
    options = ServeConfig(port=0, max_connections_per_address=2)
    with serving({"sam": first_word()}, options) as client:
        with connect(client, SLOW_BODY) as slow, connect(client) as silent:
            time.sleep(0.1)
            slow.sendall(b" ")
            time.sleep(0.1)
            with connect(client):
                assert is_closed(slow) and not is_closed(silent)


def test_the_idlest_connection_of_an_address_makes_room(serving, first_word):
    options = ServeConfig(port=0, max_connections_per_address=4)
    with serving({"sam": first_word()}, options) as client, ExitStack() as stack:
        connections = []
        for _ in range(6):
            connections.append(stack.enter_context(connect(client)))
            time.sleep(0.05)
        assert [is_closed(connection) for connection in connections] == [True] * 2 + [False] * 4
        assert client.post(PREDICT, BODY)[0] == 200


@pytest.mark.parametrize(
    ("limit", "status"), [({"max_connections_per_address": 4}, 429), ({"max_connections": 8}, 503)]
)
def test_connections_with_requests_in_progress_do_not_make_room(serving, first_word, limit, status):
    (most,) = limit.values()
    with serving({"sam": first_word(seconds=1.0)}, ServeConfig(port=0, **limit)) as client:
        with ThreadPoolExecutor(most) as threads:
            busy = [threads.submit(client.post, PREDICT, BODY) for _ in range(most)]
            time.sleep(0.5)
            with connect(client) as refused:
                received, _ = rest(refused)
            assert {request.result()[0] for request in busy} == {200}
    assert received.startswith(f"HTTP/1.1 {status} ".encode())
    assert list(json.loads(received.partition(b"\r\n\r\n")[2])) == ["error"]


def test_a_client_that_takes_no_reply_is_given_up(serving, first_word):
    body = json.dumps({"document": "word " * 4000, "chat": ["word"], "tokens": True}).encode()
    head = f"POST /v1/models/sam:chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving({"sam": first_word()}, ServeConfig(port=0, send_seconds=0.3)) as client:
        with socket.socket() as greedy:
            greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            host, port = client.address.removeprefix("http://").split(":")
            greedy.connect((host, int(port)))
            sender = threading.Thread(target=lambda: send_until_closed(greedy, (head.encode() + body) * 100))
            sender.start()
            sender.join(timeout=60)
            assert not sender.is_alive()
        assert client.get("/healthz")[0] == 200


def send_until_closed(connection, data):
    try:
        connection.sendall(data)
        while True:  # everything was sent; see when the service gives up
            connection.send(b" ")
            time.sleep(0.05)
    except ConnectionError:
        pass


@pytest.mark.parametrize("end", [b"\r\n\r\n", b""], ids=["complete", "endless"])
def test_headers_that_are_too_long_are_refused(serving, first_word, end):
    with serving({"sam": first_word()}, ServeConfig(port=0, max_header_bytes=5000)) as client:
        with connect(client, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 6000 + end) as connection:
            received, _ = rest(connection)
    assert received.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 ")) and b'{"error"' in received


def test_without_a_file_to_open_a_connection_is_taken_and_closed(monkeypatch):
    from holle_tf.serve.listener import Listener

    real, calls = socket.socket.accept, []

    def accept(self):
        calls.append(1)
        if len(calls) == 1:
            raise OSError(errno.EMFILE, "Too many open files")
        return real(self)

    monkeypatch.setattr(socket.socket, "accept", accept)
    with Listener(socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(1)
        with socket.create_connection(bound.getsockname(), timeout=20) as connection:
            with pytest.raises(BlockingIOError):
                bound.accept()
            assert is_closed(connection)
        with socket.create_connection(bound.getsockname(), timeout=20) as connection:
            accepted, _ = bound.accept()
            accepted.close()
