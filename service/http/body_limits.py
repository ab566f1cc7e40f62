"""How large a body may be: counted as it arrives, so that a chunked body without a length can't get around it."""

from __future__ import annotations

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

from service.http.injection import injected
from service.http.operations import operation_of
from service.http.problems import Problem
from service.settings import Settings


class BodyLimit(ASGIMiddleware):
    """Refuses a body over the limit: at once if its length is announced, else when it passes the limit.

    The settings have one limit for a body that is decoded as a whole, and one for a body that the operation reads as a
    stream (an import).
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Raises ``Problem`` ``body-too-large``, here or from ``receive``."""
        settings: Settings = injected("settings")
        declared = operation_of(scope)
        limit = settings.import_limit_bytes if declared and declared.reads else settings.body_limit_bytes
        if _announced(scope) > limit:
            raise _too_large(limit)
        received, complete = 0, False

        async def counted_receive() -> ReceiveMessage:
            nonlocal received, complete
            message = await receive()
            if message["type"] == "http.request":
                received += len(message["body"])
                complete = not message["more_body"]
                if received > limit:
                    raise _too_large(limit)
            elif not complete:
                raise Problem("bad-request", "The connection was closed before the body was complete.")
            return message

        await next_app(scope, counted_receive, send)


def _announced(scope: Scope) -> int:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() else 0


def _too_large(limit: int) -> Problem:
    return Problem(
        "body-too-large", f"A body sent here is at most {limit:,} bytes.", members={"max_bytes": limit}
    )
