"""Paths and methods that mean the same as others: behind a proxy's prefix, with a slash at the end, HEAD."""

from __future__ import annotations

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Paths:
    """ASGI middleware.

    - A proxy may pass on the path at which it offers the service (``serve.root_path``), or leave it out.
    - A slash at the end of a path is ignored. To redirect would need the address that the client used.
    - HEAD is answered as GET is. Whatever sends the answer leaves out the body.

    Args:
        root_path: without a slash at its end; "" = none.
    """

    def __init__(self, app: ASGIApp, root_path: str):
        self._app, self._root = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if self._root and path == self._root:  # without a slash, the page would look for its files elsewhere
            await RedirectResponse(f"{self._root}/")(scope, receive, send)
            return
        inner = path.removeprefix(self._root) if path.startswith(f"{self._root}/") else path
        scope["root_path"] = self._root
        scope["path"] = self._root + (inner.rstrip("/") or "/")
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}  # a copy: the server reads from its own that there is no body
        try:
            await self._app(asked, receive, send)
        finally:
            if "route" in asked:  # which metrics.py reads
                scope["route"] = asked["route"]
