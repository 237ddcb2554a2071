"""Which web pages may use the service, and under which names it may be reached.

A page of any site can make a browser send requests to this machine, and a name of such a site can be made to
lead here (DNS rebinding), so that the browser takes the service for a part of the site. The ``Host`` and
``Origin`` headers tell. Starlette's ``TrustedHostMiddleware`` is not used because it answers 400 in plain
text, and does not know every name of the loopback interface.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Mapping, Optional
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from holle_tf.options.serve import ServeConfig
from holle_tf.serve.refusals import Refused, send_refusal

_NETLOC = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/@?#]+)(:\d*)?")
_LOOPBACK_ORIGIN = r"https?://(localhost|[\w.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?"
_LONGEST = 80  # characters of a header that an error message repeats


def is_loopback(host: str) -> bool:
    """Whether a name or an address always means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return _is_address(host) and ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _host_of(netloc: str) -> Optional[str]:
    """The name or address of ``name:port``; None if it is something else."""
    found = _NETLOC.fullmatch(netloc)
    return found[1].strip("[]").lower().removesuffix(".") if found else None


class Origins:
    """ASGI middleware that answers 403 if the ``Host`` or the ``Origin`` of a request is foreign.

    It answers 415 to a page that sends JSON under another name: a browser would not ask whether it may.
    Names of the loopback interface are never foreign. ``serve.allowed_hosts`` has other names of the service.
    Every name is one of them, and every address, if it listens to other machines and the list is empty. A
    page may use the service it came from, and so may those of ``serve.cors_origins``.
    """

    def __init__(self, app: ASGIApp, options: ServeConfig):
        self._app, self._shared = app, Sharing(app, options)
        self._local = is_loopback(options.host)
        self._hosts = [host.lower() for host in options.allowed_hosts]
        self._origins = [origin.lower() for origin in options.cors_origins]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        refused = self._refusal(scope["method"], headers)
        if refused is not None:
            await send_refusal(send, refused)
        elif b"origin" in headers:
            await self._shared(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, method: str, headers: Mapping[bytes, bytes]) -> Optional[Refused]:
        """Why a request is refused, if it is."""
        host, origin = (
            headers[name].decode("latin-1").lower() if name in headers else None
            for name in (b"host", b"origin")
        )
        if host is not None and not self._knows(_host_of(host)):
            return Refused(403, f"this service is not called '{host[:_LONGEST]}'; see serve.allowed_hosts")
        if origin is None:
            if method == "POST" and headers.get(b"sec-fetch-site") == b"cross-site":
                return Refused(403, "pages of other sites may not use this service")
            return None
        if not self._may_use(origin, host or ""):
            return Refused(
                403, f"pages of '{origin[:_LONGEST]}' may not use this service; see serve.cors_origins"
            )
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if method == "POST" and kind != b"application/json":
            return Refused(415, "a page has to send JSON as application/json")
        return None

    def _knows(self, host: Optional[str]) -> bool:
        if host is None:
            return False
        if is_loopback(host) or self._is_listed(host):
            return True
        return not self._local and (not self._hosts or _is_address(host))

    def _is_listed(self, host: str) -> bool:
        return any(
            known in ("*", host) or (known.startswith("*.") and host.endswith(known[1:]))
            for known in self._hosts
        )

    def _may_use(self, origin: str, host: str) -> bool:
        if "*" in self._origins or origin in self._origins:
            return True
        try:
            netloc = urlsplit(origin).netloc
        except ValueError:
            return False
        name = _host_of(netloc)
        if name is None:  # "null", of a page that has no origin, such as a file
            return False
        # Listed names: a proxy may have put another Host in the place of the page's own.
        return netloc == host or is_loopback(name) or (self._is_listed(name) and "*" not in self._hosts)


class Sharing(CORSMiddleware):
    """Tells browsers that pages of ``serve.cors_origins`` and of this machine may read answers."""

    def __init__(self, app: ASGIApp, options: ServeConfig):
        super().__init__(
            app,
            allow_origins=options.cors_origins,
            allow_origin_regex=_LOOPBACK_ORIGIN,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=("Content-Encoding", "Content-Type"),
            allow_private_network=True,  # of an allowed origin; others do not get here
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a browser's question; what is not allowed, in the shape of all errors."""
        found = super().preflight_response(request_headers)
        if found.status_code < 400:
            return found
        kept = {
            name: value
            for name, value in found.headers.items()
            if name not in ("content-length", "content-type")
        }
        return JSONResponse({"error": bytes(found.body).decode()}, found.status_code, kept)
