"""What handlers and the middleware around them have injected, by name.

A router knows the names only. The services come with the request, from the application that was asked: so one router
serves all applications that have the same routes, and is made once (it takes a quarter of a second).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from litestar.di import Provide
from litestar.types import ASGIApp, HTTPScope, Receive, Send

from service.http.layers import Layer

_services: ContextVar[Mapping[str, object]] = ContextVar("services")


class Injection(Layer):
    """Gives the requests that pass through it the services of one application."""

    def __init__(self, app: ASGIApp, services: Mapping[str, object]) -> None:
        super().__init__(app)
        self._services = services

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Handle one request with these services."""
        token = _services.set(self._services)
        try:
            await self.app(scope, receive, send)
        finally:
            _services.reset(token)


def injected(name: str) -> Any:
    """The service of this name that belongs to the current request."""
    return _services.get()[name]


def provided(name: str) -> Provide:
    """The same, for the handlers that have a parameter of this name."""
    return Provide(lambda: injected(name), sync_to_thread=False)
