"""Reads the bodies of requests, within limits of time, size and, of all together, memory."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import suppress
from typing import Any, Mapping

from starlette.types import Receive

from holle_tf.options.serve import ServeConfig
from holle_tf.serve.refusals import Refused

_DISCARDED = 8  # times the limit: read so much of a longer body, because its sender listens only afterwards
_SMALL = 65536  # bytes of a body that is taken however much others have sent
_LINGER = 0.2  # seconds of a refused body that are still read
_MEMBERS = 64  # of a gzip body; each copies what follows it


class Bodies:
    """The bodies that arrive at a service.

    A slow sender only holds what it has sent: a request counts as one in progress once its body is here.
    """

    def __init__(self, options: ServeConfig):
        self._options = options
        self._most = options.max_concurrency * options.max_body_bytes  # of all bodies that are arriving
        self._held = 0

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The body of a request, decompressed.

        Args:
            headers: of the request.

        Raises:
            Refused: it is too long or too slow, or cannot be decompressed.
            ConnectionAbortedError: the client has disconnected.
        """
        declared = int(headers.get(b"content-length", b"0"))
        if not declared and b"transfer-encoding" not in headers:
            return b""
        limit, seconds = self._options.max_body_bytes, self._options.body_seconds
        if declared > _DISCARDED * limit:
            raise self._too_long()
        try:
            body = await asyncio.wait_for(self._receive(receive), seconds)
        except asyncio.TimeoutError:
            raise Refused(408, f"the body did not arrive within {seconds:g} seconds") from None
        coding = headers.get(b"content-encoding", b"identity").strip().lower()
        if coding in (b"gzip", b"x-gzip"):
            return self._decompressed(body)
        if coding not in (b"identity", b""):
            raise Refused(415, "the content encoding has to be gzip or none", [(b"accept-encoding", b"gzip")])
        return body

    async def _receive(self, receive: Receive) -> bytes:
        limit, size, parts, more = self._options.max_body_bytes, 0, [], True
        held = 0
        try:
            while more and size <= _DISCARDED * limit:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionAbortedError
                part = message.get("body", b"")
                size += len(part)
                if size <= limit:
                    parts.append(part)
                    held += len(part)
                    self._held += len(part)
                if self._held > self._most and held > _SMALL:
                    parts.clear()
                    self._held, held = self._held - held, 0
                    await _discard(receive)
                    raise Refused(429, "too many long requests are arriving", [(b"connection", b"close")])
                more = message.get("more_body", False)
        finally:
            self._held -= held
        if size > limit:
            raise self._too_long()
        return b"".join(parts)

    def _too_long(self) -> Refused:
        return Refused(413, f"the body is longer than {self._options.max_body_bytes:,} bytes")

    def _decompressed(self, body: bytes) -> bytes:
        limit, parts, size = self._options.max_body_bytes, [], 0
        for _ in range(_MEMBERS):
            unpacking = zlib.decompressobj(wbits=31)  # 31: gzip alone
            try:
                parts.append(unpacking.decompress(body, limit + 1 - size))
            except zlib.error:
                break
            size += len(parts[-1])
            if size > limit:
                raise self._too_long()
            if not unpacking.eof:
                break
            body = unpacking.unused_data
            if not body:
                return b"".join(parts)
        raise Refused(400, "the body is not gzip, or incomplete")


async def _discard(receive: Receive) -> None:
    """Read on for a moment: the end of a connection with unread bytes would take the answer away."""

    async def rest() -> None:
        while (await receive()).get("more_body", False):
            pass

    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(rest(), _LINGER)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that returns ``body`` first."""
    parts = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Any:
        return parts.pop() if parts else await receive()

    return receive_again
