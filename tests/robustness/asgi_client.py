"""Requests to an application in this process, without a network."""

from __future__ import annotations

import asyncio
from typing import Any, Mapping, NamedTuple, Optional


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class AsgiClient:
    """An application that is started; ``close`` ends it."""

    def __init__(self, app: Any):
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._lifespan = app.router.lifespan_context(app)
        self._loop.run_until_complete(self._lifespan.__aenter__())

    def close(self) -> None:
        self._loop.run_until_complete(self._lifespan.__aexit__(None, None, None))
        self._loop.close()

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Optional[Mapping[str, str]] = None
    ) -> Reply:
        """The reply to a request; exceptions that the server would log pass."""
        return self._loop.run_until_complete(self._send(method, path, body, headers or {}))

    async def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        given = {
            "host": "127.0.0.1",
            "content-type": "application/json",
            "content-length": str(len(body)),
            **headers,
        }
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("utf-8", "surrogatepass"),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        asked, sent = [{"type": "http.request", "body": body, "more_body": False}], []

        async def receive() -> Any:
            if asked:
                return asked.pop()
            await asyncio.Event().wait()  # the client stays

        async def send(message: Any) -> None:
            sent.append(message)

        await asyncio.wait_for(self._app(scope, receive, send), 60)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:]))
