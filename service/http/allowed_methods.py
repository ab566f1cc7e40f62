"""Answers to OPTIONS. Litestar's own name only the methods of the handler that was registered first at an address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.types import ControllerRouterHandler


def allowed_methods(routes: Iterable[ControllerRouterHandler]) -> list[ControllerRouterHandler]:
    """A handler of OPTIONS for each address of ``routes``, which tells all their methods there."""
    methods = defaultdict[str, set[str]](lambda: {"OPTIONS"})
    for route in routes:
        if isinstance(route, HTTPRouteHandler):
            for path in route.paths:
                methods[path] |= route.http_methods
    return [_telling(path, ", ".join(sorted(allowed))) for path, allowed in methods.items()]


def _telling(path: str, allowed: str) -> HTTPRouteHandler:
    @HTTPRouteHandler(
        path, http_method="OPTIONS", status_code=204, include_in_schema=False, sync_to_thread=False
    )
    def tell() -> Response[None]:
        """Nothing but the methods."""
        return Response(None, headers={"Allow": allowed})

    return tell
