"""Around every request: its id, its line in the log, its place in the metrics."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from service.http.layers import Layer
from service.ids import new_id
from service.logging import bound
from service.metrics import RequestMetrics

HEADER: Final = "X-Request-Id"
UNMATCHED: Final = "unmatched"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,127}")
_CORRELATIONS: Final = uuid5(NAMESPACE_URL, "liftoff:request-id")


def request_id(scope: Scope) -> str:
    """The id of the request, as the client sees it in ``X-Request-Id``."""
    known: str = scope["state"]["request_id"]
    return known


def correlation_id(scope: Scope) -> UUID:
    """The same id for the event log: itself if it is a UUID, else a UUID that can always be derived from it."""
    known = request_id(scope)
    try:
        return UUID(known)
    except ValueError:
        return uuid5(_CORRELATIONS, known)


class RequestContext(Layer):
    """The outermost layer: gives each request an id, and records how it was answered.

    An inbound ``X-Request-Id`` is kept if it looks like one (8 to 128 letters, digits and ``._:-``), so that a caller's
    trace goes on here; anything else is replaced.
    """

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        super().__init__(app)
        self._metrics = metrics
        self._log = structlog.get_logger(__name__).bind()  # once, and not for each line

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Handle one request, in its own context."""
        scope["state"]["request_id"] = known = _inbound_id(scope) or str(new_id())
        header = (HEADER.lower().encode(), known.encode())
        started, status = time.perf_counter(), 0

        async def stamped_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], header]
            await send(message)

        with bound(request_id=known):
            try:
                await self.app(scope, receive, stamped_send)
            finally:
                self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: HTTPScope, status: int, seconds: float) -> None:
        route = scope.get("path_template") or UNMATCHED
        self._metrics.count(scope["method"], route, status, seconds)
        self._log.info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            key_id=str(scope["auth"].key_id) if scope.get("auth") else None,
        )


class PathIdsInLog(ASGIMiddleware):
    """Binds the ids in a route's address (``campaign_id``, …) to every line logged while it is handled."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Only ids: what else stands in an address may be about a person."""
        parameters: Mapping[str, object] = scope["path_params"]
        with bound(**{name: value for name, value in parameters.items() if isinstance(value, UUID)}):
            await next_app(scope, receive, send)


def _inbound_id(scope: HTTPScope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            return text if _SANE.fullmatch(text) else None
    return None
