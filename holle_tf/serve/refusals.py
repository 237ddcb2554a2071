"""Answers to what is refused before it reaches a route: ``{"error": "..."}``, as those of the routes."""

from __future__ import annotations

import json
from typing import Sequence, Tuple

from starlette.types import Send

Headers = Sequence[Tuple[bytes, bytes]]
_CLOSING = (400, 408, 413, 431)  # what follows on the connection may be a part of this request
_LATER = (429, 503)


class Refused(Exception):
    """A request that is answered with a status and a reason.

    Attributes:
        headers: of the answer, besides those that belong to its status.
    """

    def __init__(self, status: int, reason: str, headers: Headers = ()):
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers


def answer(refused: Refused) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body of the answer to a request that is refused."""
    body = json.dumps({"error": refused.reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refused.status in _CLOSING:
        headers.append((b"connection", b"close"))
    if refused.status in _LATER:
        headers.append((b"retry-after", b"1"))
    return [*headers, *refused.headers], body


async def send_refusal(send: Send, refused: Refused) -> None:
    """Answer a request that is refused."""
    headers, body = answer(refused)
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
