"""The double as a server on loopback, in the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import Any, Final, cast

import uvicorn
from litestar import Litestar
from litestar.types import ASGIApp, Receive, Scope, Send

from tests.linkedin.double import Double
from tests.linkedin.routes import ROUTES

LOOPBACK: Final = "127.0.0.1"


@asynccontextmanager
async def running(double: Double, port: int = 0) -> AsyncIterator[Double]:
    """The double answers at its ``url`` until the end of the block. Port 0 takes a free one."""
    server = _Server(
        uvicorn.Config(
            cast("Any", _asking(double)),  # uvicorn and Litestar spell the types of ASGI differently
            host=LOOPBACK,
            port=port,
            log_config=None,
            lifespan="off",
            access_log=False,
        )
    )
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if serving.done():
                await serving
            await asyncio.sleep(0.005)
        double.url = f"http://{LOOPBACK}:{server.servers[0].sockets[0].getsockname()[1]}"
        yield double
    finally:
        await double.close()
        server.should_exit = True
        await serving


def _asking(double: Double) -> ASGIApp:
    """The double as an application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"double": double}
        await _router()(scope, receive, send)

    return app


@cache
def _router() -> Litestar:
    """One for all doubles: to make it takes longer than most of what one of them is asked."""
    return Litestar(list(ROUTES), openapi_config=None, logging_config=None)


class _Server(uvicorn.Server):
    """Uvicorn, but the signals are those of the program it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield
