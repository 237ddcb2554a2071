"""Runs the service until it is told to stop."""

from __future__ import annotations

import functools
import signal
import socket
from contextlib import contextmanager
from typing import Any, Iterator

import uvicorn
from fastapi import FastAPI

from holle_tf.options.serve import ServeConfig
from holle_tf.serve import connections, listener
from holle_tf.serve.connections import Connection, Connections
from holle_tf.serve.fault_log import limit_repeats
from holle_tf.serve.listener import BURST, Listener, most_connections
from pipelines.errors import UserError

_LOGS = ("uvicorn.error", "asyncio", connections.__name__, listener.__name__, "holle_tf.serve.documents")


def listen(options: ServeConfig) -> socket.socket:
    """A socket bound to the address of ``options``; it does not accept connections yet.

    Raises:
        UserError: the address is in use, or does not belong to this machine.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # Without the protocol, asyncio does not set TCP_NODELAY, and a reply would be delayed by 40 ms.
    bound = Listener(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((options.host, options.port))
    except OSError as error:
        bound.close()
        raise UserError(
            f"cannot listen at {options.host} port {options.port} ({error.strerror or error});"
            " choose another --port, or 0 for any free port."
        ) from error
    return bound


def address(bound: socket.socket) -> str:
    """The URL of a socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def http_server(app: FastAPI, options: ServeConfig) -> uvicorn.Server:
    """A server for a socket of ``listen``, with the limits of ``options``."""
    http: Any = functools.partial(Connection, Connections(options, most_connections(options.max_connections)))
    config = uvicorn.Config(
        app,
        http=http,
        loop="asyncio",  # whose use of the socket Listener knows
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BURST,
        timeout_keep_alive=options.keep_alive_seconds,
        timeout_graceful_shutdown=options.shutdown_seconds,
        h11_max_incomplete_event_size=options.max_header_bytes,
    )
    limit_repeats(*_LOGS)
    return uvicorn.Server(config)


def run_server(app: FastAPI, bound: socket.socket, options: ServeConfig) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests in progress and accept no others."""
    server = http_server(app, options)
    with _signals_ignored():  # uvicorn handles signals itself, and raises them again when it is done
        server.run(sockets=[bound])


@contextmanager
def _signals_ignored() -> Iterator[None]:
    def nothing(*_: object) -> None:
        pass

    before = {number: signal.signal(number, nothing) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
