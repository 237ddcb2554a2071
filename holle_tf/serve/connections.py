"""Connections that cannot stop the service: of how many, and for how long it waits for their clients.

uvicorn closes connections that are idle between requests (``timeout_keep_alive``), and h11 limits headers.
Neither it nor httptools limits the time until a request is there. uvicorn's ``limit_concurrency`` counts
connections that say nothing too, and refuses everybody else as long as they stay.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from http import HTTPStatus
from typing import Any, Optional

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from holle_tf.options.serve import ServeConfig
from holle_tf.serve.refusals import Refused, answer

logger = logging.getLogger(__name__)

_Protocol: Any = AutoHTTPProtocol  # on httptools where it is installed: a third of the time of h11
_LINGER = 1.0  # seconds for a client to read why it is refused
_INVALID = "the request is not valid HTTP/1.1"


class Connections:
    """All connections of a service.

    If there are too many, of all clients or of one address, the connection is closed that has waited longest
    for its client: for a request, the rest of one, or to take a reply. A connection whose request is being
    answered is never closed for another.

    Args:
        options: of the service.
        most: open connections.
    """

    def __init__(self, options: ServeConfig, most: int):
        self.options, self._most = options, most
        self._open: dict[Connection, str] = {}  # and their addresses
        self._of_address: Counter[str] = Counter()
        self._waiting: OrderedDict[Connection, None] = OrderedDict()  # for their clients, longest first

    def opened(self, connection: Connection, address: str) -> Optional[Refused]:
        """Count a connection, and close another if it is one too many; why it is refused, if it is."""
        self._open[connection] = address
        self._of_address[address] += 1
        if self._of_address[address] > self.options.max_connections_per_address:
            logger.warning("too many connections of one address: the idlest are closed")
            idle = (other for other in self._waiting if self._open[other] == address)
            if not self._close(next(idle, None)):
                return Refused(429, "too many requests of this address are in progress; try again later")
        if len(self._open) > self._most:
            logger.warning("%d connections, as many as can be open: the idlest are closed", self._most)
            if not self._close(next(iter(self._waiting), None)):
                return Refused(503, "too many requests are in progress; try again later")
        return None

    def _close(self, connection: Optional[Connection]) -> bool:
        if connection is None:
            return False
        self.closed(connection)
        connection.transport.abort()
        return True

    def closed(self, connection: Connection) -> None:
        """Count a connection no more."""
        self._waiting.pop(connection, None)
        address = self._open.pop(connection, None)
        if address is not None:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def waits(self, connection: Connection, anew: bool = False) -> None:
        """A connection waits for its client; from now on, if it did not before or with ``anew``."""
        if connection in self._open:
            self._waiting.setdefault(connection)
            if anew:
                self._waiting.move_to_end(connection)

    def works(self, connection: Connection) -> None:
        """A connection waits for the service."""
        self._waiting.pop(connection, None)

    def first_to_go(self, connection: Connection) -> None:
        """A connection that is closed before any other."""
        self.waits(connection)
        if connection in self._waiting:
            self._waiting.move_to_end(connection, last=False)


class Connection(_Protocol):
    """uvicorn's protocol of a connection, within the limits of ``Connections``.

    Args:
        connections: all of the service.
        options: those of uvicorn's protocol.
    """

    def __init__(self, connections: Connections, **options: Any):
        super().__init__(**options)
        self._all, self._limits = connections, connections.options
        self._timer: Optional[asyncio.TimerHandle] = None  # until the headers are complete
        self._send_timer: Optional[asyncio.TimerHandle] = None  # until a part of the reply is taken
        self._headers_read = False  # what follows are a body and trailers
        self._header_bytes = 0
        self._refused = False

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        super().connection_made(transport)
        refused = self._all.opened(self, self.client[0] if self.client else "")
        if refused is not None:
            self._refuse(refused)
        else:
            self._await_headers()

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """The connection is closed."""
        super().connection_lost(exc)
        self._stop_timers()
        self._all.closed(self)

    def data_received(self, data: bytes) -> None:
        """A part of a request, or of several."""
        if self._refused:
            return
        before = self.cycle
        idle = before is None or before.response_complete
        super().data_received(data)
        if self._refused or self.transport.is_closing():
            return
        if idle and self.cycle is before:
            self._header_bytes += len(data)
            if self._header_bytes > self._limits.max_header_bytes:
                most = self._limits.max_header_bytes
                self._refuse(Refused(431, f"line and headers of the request are longer than {most:,} bytes"))
            elif self._timer is None:  # the first bytes of another request
                self._await_headers()
        else:
            if self.cycle is not before:  # who asks again has its reply
                self._stop_send_timer()
            self._header_bytes = 0
            self._follow()

    def on_message_begin(self) -> None:
        """A request begins (httptools)."""
        self._headers_read = False
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header (httptools); trailers, which nobody reads and nothing limits, are left out."""
        if not self._headers_read:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The headers of a request are complete (httptools)."""
        self._headers_read = True
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """A reply has been written, though perhaps not been sent."""
        super().on_response_complete()
        self._follow()
        self._watch_sending()

    def pause_writing(self) -> None:
        """The client is slow to take a reply."""
        super().pause_writing()
        self._all.waits(self)
        self._watch_sending()

    def resume_writing(self) -> None:
        """The client has taken what was held back."""
        super().resume_writing()
        self._stop_send_timer()
        self._watch_sending()
        self._follow()

    def shutdown(self) -> None:
        """The service stops; a request that has yet to arrive is not awaited."""
        if self.cycle is not None and not self.cycle.response_complete and self.cycle.more_body:
            self._refuse(Refused(503, "the service is about to stop"))
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answer something that is no HTTP."""
        self._refuse(Refused(400, _INVALID))

    def _unsupported_upgrade_warning(self) -> None:
        # The request is answered as if it had not asked for another protocol. What follows is not HTTP, so
        # httptools does not even read its body.
        if self.cycle is None or self.cycle.response_complete:
            return
        self.cycle.keep_alive = False
        lengths = [value for name, value in self.headers if name in (b"content-length", b"transfer-encoding")]
        if any(value != b"0" for value in lengths):
            self.cycle.more_body = True
            self._refuse(Refused(400, "a request with a body cannot ask for another protocol (Upgrade)"))

    def _follow(self) -> None:
        """Note who waits for whom."""
        if self._refused:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            self._all.waits(self)  # uvicorn closes what is idle, and bodies.py gives up slow bodies
        else:
            self._all.works(self)

    def _await_headers(self) -> None:
        self._all.waits(self, anew=True)
        self._timer = self.loop.call_later(self._limits.header_seconds, self._give_up_headers)

    def _give_up_headers(self) -> None:
        logger.warning("closed a connection whose client sent no request in time")
        if self._header_bytes:
            seconds = self._limits.header_seconds
            self._refuse(Refused(408, f"the headers did not arrive within {seconds:g} seconds"))
        else:
            self.transport.abort()

    def _watch_sending(self) -> None:
        if self._send_timer is None and (left := self.transport.get_write_buffer_size()):
            self._send_timer = self.loop.call_later(self._limits.send_seconds, self._check_sending, left)

    def _check_sending(self, before: int) -> None:
        self._send_timer = None
        if 0 < before <= self.transport.get_write_buffer_size():
            logger.warning("closed a connection whose client took no part of a reply in time")
            self.transport.abort()
        else:
            self._watch_sending()

    def _refuse(self, refused: Refused) -> None:
        """Answer outside of the application, read no more, and close the connection."""
        self._refused = True
        self._unset_keepalive_if_required()
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False
            if not cycle.more_body or cycle.response_started:
                self._all.works(self)
                return  # what cannot be read follows a request that can; its answer is the last
            cycle.disconnected = True
            cycle.message_event.set()
        headers, body = answer(refused)
        lines = [f"HTTP/1.1 {refused.status} {HTTPStatus(refused.status).phrase}".encode()]
        lines += [b": ".join(pair) for pair in headers if pair[0] != b"connection"]
        self.transport.write(b"\r\n".join([*lines, b"connection: close", b"", body]))
        # To close it at once would take the answer away from a client that is still sending.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._stop_timers()
        self._timer = self.loop.call_later(_LINGER, self.transport.abort)
        self._all.first_to_go(self)

    def _stop_timers(self) -> None:
        self._stop_send_timer()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_send_timer(self) -> None:
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None
