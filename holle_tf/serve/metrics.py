"""What the service counts, in the text format of Prometheus."""

from __future__ import annotations

import time
from typing import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holle_tf.serve.batching import Batcher, Reading
from holle_tf.serve.document_cache import DocumentCache

__all__ = ["CONTENT_TYPE", "Metrics", "Measured"]

_SECONDS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_CHATS = (1, 2, 4, 8, 16, 32, 64)
_OTHER = "other"  # what was refused before it was routed, unknown paths, and files of the page


class Metrics:
    """The counts of one service, in a registry of its own.

    Args:
        cache: of documents, whose size is shown.
    """

    def __init__(self, cache: DocumentCache):
        self._registry = registry = CollectorRegistry()
        self._requests = Counter("holle_requests", "Requests.", ["route", "status"], registry=registry)
        self._seconds = Histogram(
            "holle_request_seconds",
            "Time from the arrival of a request until the end of its reply.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._batches = Histogram(
            "holle_batch_chats",
            "Chats that were read together.",
            ["model"],
            buckets=_CHATS,
            registry=registry,
        )
        self._lookups = Counter(
            "holle_document_lookups",
            "Chats by whether the model had read their document before (hit) or had to read it (miss).",
            ["model", "result"],
            registry=registry,
        )
        self._waiting = Gauge(
            "holle_queue_chats", "Chats that wait or are being read.", ["model"], registry=registry
        )
        size = Gauge("holle_document_cache_bytes", "Bytes of the documents that are kept.", registry=registry)
        size.set_function(lambda: cache.size)
        ProcessCollector(registry=registry)

    def count_batches(self, name: str, batcher: Batcher) -> None:
        """Count the batches of a model, and show its queue.

        Args:
            name: of the model.
        """
        self._waiting.labels(name).set_function(lambda: batcher.held)
        chats = self._batches.labels(name)
        lookups = {known: self._lookups.labels(name, "hit" if known else "miss") for known in (True, False)}

        def count(batch: Sequence[Reading]) -> None:
            chats.observe(len(batch))
            hits = sum(reading.known for reading in batch)
            lookups[True].inc(hits)
            lookups[False].inc(len(batch) - hits)

        batcher.watch = count

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All counts, in Prometheus' text format."""
        return generate_latest(self._registry)


class Measured:
    """ASGI middleware that counts requests by route and status, and times them."""

    def __init__(self, app: ASGIApp, metrics: Metrics):
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500  # an exception becomes status 500 further out

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            route = getattr(scope.get("route"), "path", _OTHER)
            self._metrics.request(route, status, time.perf_counter() - began)
