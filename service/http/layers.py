"""A layer around an application: sees every HTTP request before the router does, and everything the router answers."""

from __future__ import annotations

from abc import ABC, abstractmethod

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send


class Layer(ABC):
    """An ASGI application around ``app``. What is not HTTP passes it unseen: there is nothing else to be served."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle an HTTP request."""
        if scope["type"] == ScopeType.HTTP:
            await self.handle(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    @abstractmethod
    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Pass the request on to ``self.app``, or answer it, or raise a ``Problem``."""
