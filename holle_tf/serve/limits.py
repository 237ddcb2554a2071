"""What is refused with status 400, 408, 413, 415, 429 or 431, and why.

The middleware ``Limits`` refuses requests before they are parsed; ``bodies.py`` has its limits of a body.
``document_words`` limits documents. A full queue (``batching.py``) raises ``Overloaded``. ``connections.py``
limits connections. The values are options (``holle_tf/options/serve.py``).
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holle_tf.options.serve import ServeConfig
from holle_tf.serve.bodies import Bodies, replayed
from holle_tf.serve.refusals import Refused, send_refusal
from pipelines.tokenizer import token_texts

# The page loads nothing from other sites, and no other site may embed it.
SECURITY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
    "vary": "Accept-Encoding, Origin",
}
_SECURITY = [(name.encode(), value.encode()) for name, value in SECURITY.items()]
_LINE = 12  # bytes of a request's line and of a header besides their texts, about


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


class Limits:
    """ASGI middleware that limits concurrent requests, their headers and their bodies.

    It treats the body of a request without ``Origin`` as JSON whatever its content type, because ``curl -d``
    sends another one. Browsers add ``Origin`` to every POST. So this helps no page of another site to send
    JSON as a form or as text, which browsers let it do without asking; ``origins.py`` refuses it.
    """

    def __init__(self, app: ASGIApp, options: ServeConfig):
        self._app, self._options, self._bodies = app, options, Bodies(options)
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_SECURITY]}
            await send(message)

        try:
            headers = self._headers(scope)
            body = await self._bodies.read(headers, receive)
            if scope["method"] != "POST":
                await self._app(scope, replayed(body, receive), send_secured)
                return
            if b"origin" not in headers:
                # In place, because the route that is found becomes part of it, and metrics.py reads it.
                others = [pair for pair in scope["headers"] if pair[0] != b"content-type"]
                scope["headers"] = [*others, (b"content-type", b"application/json")]
            await self._work(scope, replayed(body, receive), send_secured)
        except Refused as refused:
            await send_refusal(send_secured, refused)
        except ConnectionAbortedError:
            pass  # the client has disconnected

    def _headers(self, scope: Scope) -> dict[bytes, bytes]:
        """The headers of a request, unless they are too long or contradict each other."""
        headers, most = scope["headers"], self._options.max_header_bytes
        size = len(scope.get("raw_path", b"")) + len(scope["query_string"]) + _LINE
        if size + sum(len(name) + len(value) + 4 for name, value in headers) > most:
            raise Refused(431, f"line and headers of the request are longer than {most:,} bytes")
        found: dict[bytes, bytes] = dict(headers)
        if b"content-length" in found and b"transfer-encoding" in found:
            # A proxy in front may believe the other one, and take a part of this body for a request.
            raise Refused(400, "the request has Content-Length and Transfer-Encoding")
        hosts = sum(name == b"host" for name, _ in headers)
        if hosts > 1 or (not hosts and scope["http_version"] != "1.0"):
            raise Refused(400, "the request has to have one Host header")
        return found

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._active >= self._options.max_concurrency:
            raise Refused(429, f"{self._active} requests are in progress; try again later")
        self._active += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._active -= 1
