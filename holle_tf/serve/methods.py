"""Which methods a path has, for answers to OPTIONS and to methods that it does not have."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import Match, Route
from starlette.types import Scope


def methods_of(app: FastAPI, scope: Scope) -> list[str]:
    """The methods that the path of a request has, in order; none if there is no such path."""
    found: set[str] = set()
    for route in app.router.routes:
        matched, _ = route.matches(dict(scope))
        if matched is not Match.NONE:
            found |= route.methods or set() if isinstance(route, Route) else {"GET"}
    if "GET" in found:
        found.add("HEAD")
    return sorted(found | {"OPTIONS"}) if found else []
