"""The double as a server on loopback, in the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import uvicorn
from litestar import Litestar

from tests.linkedin.double import Double
from tests.linkedin.routes import routes_of

LOOPBACK: Final = "127.0.0.1"


@asynccontextmanager
async def running(double: Double, port: int = 0) -> AsyncIterator[Double]:
    """The double answers at its ``url`` until the end of the block. Port 0 takes a free one."""
    app = Litestar(routes_of(double), openapi_config=None, logging_config=None)
    server = _Server(
        uvicorn.Config(app, host=LOOPBACK, port=port, log_config=None, lifespan="off", access_log=False)
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


class _Server(uvicorn.Server):
    """Uvicorn, but the signals are those of the program it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield
