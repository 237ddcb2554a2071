"""Every limit of the service: what is refused with status 400, 408, 413 or 429, and why.

The middleware ``Limits`` refuses requests before they are parsed. ``document_words`` limits documents. A full
queue (``batching.py``) raises ``Overloaded``. The values are options (``holle_tf/options/serve.py``).
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holle_tf.options.serve import ServeConfig
from pipelines.tokenizer import token_texts

# The page loads nothing from other sites, and no other site may embed it.
SECURITY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_DISCARDED = 8  # times the limit: read so much of a longer body, because its sender listens only afterwards


class Overloaded(Exception):
    """More chats of a model wait than ``serve.max_queue``: status 429."""

    status, reason = 429, "too many chats are waiting; try again later"


def document_words(document: str, index: int, most: int) -> int:
    """Number of words of a document of a request.

    Raises:
        HTTPException: there are more than ``most``; status 400.
    """
    words = len(token_texts(document))
    if words > most:
        raise HTTPException(400, f"document {index} has {words:,} words; at most {most:,}")
    return words


class _Refused(Exception):
    def __init__(self, status: int, reason: str):
        self.status, self.reason = status, reason


class Limits:
    """ASGI middleware that limits concurrent requests, the size of a body and the time to send it.

    It treats every body as JSON, because ``curl -d`` sends another content type.
    """

    def __init__(self, app: ASGIApp, options: ServeConfig):
        self._app, self._options = app, options
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in SECURITY.items()]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        if scope["method"] != "POST":
            await self._app(scope, receive, send_secured)
            return
        if self._active >= self._options.max_concurrency:
            await _refuse(send_secured, 429, f"{self._active} requests are in progress; try again later")
            return
        self._active += 1
        try:
            body = await self._body(scope, receive)
            headers = [pair for pair in scope["headers"] if pair[0] != b"content-type"]
            # In place, because the route that is found becomes part of it, and metrics.py reads it.
            scope["headers"] = [*headers, (b"content-type", b"application/json")]
            await self._app(scope, _replay(body, receive), send_secured)
        except _Refused as refused:
            await _refuse(send_secured, refused.status, refused.reason)
        except ConnectionAbortedError:
            pass  # the client has disconnected
        finally:
            self._active -= 1

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        limit = self._options.max_body_bytes
        too_long = _Refused(413, f"the body is longer than {limit:,} bytes")
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if int(declared) > _DISCARDED * limit:
            raise too_long
        try:
            size, parts = await asyncio.wait_for(_read(receive, limit), self._options.body_seconds)
        except asyncio.TimeoutError:
            seconds = self._options.body_seconds
            raise _Refused(408, f"the body did not arrive within {seconds:g} seconds") from None
        if size > limit:
            raise too_long
        return b"".join(parts)


async def _read(receive: Receive, limit: int) -> tuple[int, list[bytes]]:
    size, parts, more = 0, [], True
    while more and size <= _DISCARDED * limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        more = message.get("more_body", False)
    return size, parts


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that returns ``body`` first."""
    replayed = False

    async def receive_again() -> Any:
        nonlocal replayed
        if replayed:
            return await receive()
        replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"error": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status in (408, 413):
        headers.append((b"connection", b"close"))  # the rest of the body is not a new request
    if status == 429:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
