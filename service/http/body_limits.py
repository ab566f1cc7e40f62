"""How large a body may be: counted as it arrives, so that a chunked body without a length can't get around it."""

from __future__ import annotations

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

from service.http.operations import operation_of
from service.http.problems import Problem


class BodyLimit(ASGIMiddleware):
    """Refuses a body over the limit: at once if its length is announced, else when it passes the limit.

    ``decoded`` is the limit in bytes of a body that is decoded as a whole, ``streamed`` of one that the operation reads
    as a stream (an import).
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, *, decoded: int, streamed: int) -> None:
        self._decoded = decoded
        self._streamed = streamed

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Raises ``Problem`` ``body-too-large``, here or from ``receive``."""
        declared = operation_of(scope)
        limit = self._streamed if declared and declared.reads else self._decoded
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
