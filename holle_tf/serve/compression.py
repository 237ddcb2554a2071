"""Replies that are compressed for clients that accept it."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_LEAST = 4096  # bytes of a reply that is worth it
_LEVEL = 1  # higher ones take more time than they save on a fast network


class Compressed:
    """ASGI middleware; others than clients that accept gzip do not pay for it."""

    def __init__(self, app: ASGIApp):
        self._app, self._packed = app, GZipMiddleware(app, minimum_size=_LEAST, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = scope["type"] == "http" and dict(scope["headers"]).get(b"accept-encoding", b"")
        if accepted and b"gzip" in accepted:
            await self._packed(scope, receive, send)
        else:
            await self._app(scope, receive, send)
