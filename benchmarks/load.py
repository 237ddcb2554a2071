"""Loads an HTTP service from one thread: clients that send the next request as soon as they have a reply."""

from __future__ import annotations

import json
import selectors
import socket
import time
from typing import Any, Iterator, Sequence

import numpy as np

PATH = "/v1/models/sam:chat"  # an export without a model card has this name, whatever its student
HEAD = "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
_PIECE = 1 << 20  # bytes that are received at once


class Client:
    """A connection that is kept open, with at most one request in progress."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self.sent = 0.0

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, path: str, body: bytes) -> None:
        """Send a request."""
        self._received, self.sent = b"", time.perf_counter()
        self._socket.sendall(HEAD.format(path=path, size=len(body)).encode() + body)

    def receive(self) -> bytes | None:
        """The body of the reply, or None as long as it is incomplete.

        Raises:
            RuntimeError: the status is not 200.
        """
        reply = self.reply()
        if reply is None:
            return None
        status, body = reply
        if status != 200:
            raise RuntimeError(body.decode())
        return body

    def reply(self) -> tuple[int, bytes] | None:
        """Status and body of the reply, or None as long as it is incomplete.

        Raises:
            RuntimeError: the service has closed the connection.
        """
        piece = self._socket.recv(_PIECE)
        self._received += piece
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not piece:
            raise RuntimeError(f"the service closed the connection: {self._received!r}")
        if not found:
            return None
        size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < size:
            return None
        return int(head.split(b" ", 2)[1]), body

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The reply to a request, waiting for it."""
        self.send(path, json.dumps(body).encode())
        while (reply := self.receive()) is None:
            pass
        return dict(json.loads(reply))


def load(port: int, path: str, clients: Sequence[Iterator[bytes]], seconds: float) -> dict[str, float]:
    """Throughput and latency for clients that send requests without pause.

    Args:
        clients: the bodies of the requests of each client, without end.
        seconds: to measure, after a third as long to warm up.

    Returns:
        ``per_second``, ``p50``, ``p95`` and ``p99`` in milliseconds, ``mean_batch``, the chats that were read
        together, and ``all``, the number of replies with those of the warm-up.
    """
    begin = time.perf_counter() + seconds / 3
    end = begin + seconds
    latencies, replies, count = [], [], 0
    with selectors.DefaultSelector() as selector:
        for requests in clients:
            client = Client(port)
            selector.register(client, selectors.EVENT_READ, (client, requests))
            client.send(path, next(requests))
        while selector.get_map():
            for key, _ in selector.select():
                client, requests = key.data
                reply = client.receive()
                if reply is None:
                    continue
                now, count = time.perf_counter(), count + 1
                if now >= begin:
                    latencies.append(1000 * (now - client.sent))
                    replies.append(reply)
                if now < end:
                    client.send(path, next(requests))
                else:
                    selector.unregister(client)
                    client.close()
    elapsed = time.perf_counter() - begin
    p50, p95, p99 = (float(np.percentile(latencies, p)) for p in (50, 95, 99))
    batch = float(np.mean([json.loads(reply)["batch"] for reply in replies]))
    rate = len(replies) / elapsed
    return {"per_second": rate, "p50": p50, "p95": p95, "p99": p99, "mean_batch": batch, "all": count}
