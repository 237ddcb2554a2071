"""Which methods a path has, for answers to OPTIONS and to methods that it does not have."""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.routing import Match, Route
from starlette.types import Scope

_PARAMETER = re.compile(r"{[^}]*}")


def methods_of(app: FastAPI, scope: Scope) -> list[str]:
    """The methods that the path of a request has, in order; none if there is no such path.

    A path can match a template that another spells out further, as ``/v1/models/{name}:predict`` does
    ``/v1/models/{name}``. Only the template with the most characters of its own counts.
    """
    by_length: dict[int, set[str]] = {}
    for route in app.router.routes:
        matched, _ = route.matches(dict(scope))
        if matched is not Match.NONE:
            methods = route.methods or set() if isinstance(route, Route) else {"GET"}
            own = len(_PARAMETER.sub("", getattr(route, "path", "")))
            by_length.setdefault(own, set()).update(methods)
    found = by_length[max(by_length)] if by_length else set()
    if "GET" in found:
        found.add("HEAD")
    return sorted(found | {"OPTIONS"}) if found else []
