"""``python -m tests.benchmarks.server WHICH DSN WORKSPACE``: the service or the bare endpoints, served by uvicorn.

Prints its URL once it listens, and runs until it is stopped.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import uvicorn
import uvloop
from litestar import Litestar

from service.database.pool import open_pool
from service.garbage import look_seldom
from service.http.app import Application
from service.http.routes import api
from service.logging import configure_logging
from service.metrics import new_registry
from service.periodic import fulfilling
from service.serving import projecting, working
from service.settings import Settings
from tests.benchmarks.peers.endpoints import bare
from tests.benchmarks.stage import service_on

_SETTINGS = Settings(rate_limit_per_second=1e6, rate_limit_burst=1_000_000)


async def serve(which: str, dsn: str, workspace_id: UUID) -> None:
    """Serve an application on a free port of loopback."""
    async with _application(which, dsn, workspace_id) as app:
        server = uvicorn.Server(
            uvicorn.Config(
                cast("Any", app),
                port=0,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        sys.stdout.write(f"http://127.0.0.1:{port}\n")
        sys.stdout.flush()
        await serving


@asynccontextmanager
async def _application(which: str, dsn: str, workspace_id: UUID) -> AsyncIterator[Litestar | Application]:
    if which == "bare":
        async with await open_pool(dsn, max_size=_SETTINGS.database_pool_size) as pool:
            yield bare(pool, workspace_id)
    else:
        async with service_on(dsn, _SETTINGS) as liftoff, projecting(liftoff), working(liftoff):
            app = api(liftoff, new_registry())
            async with fulfilling(app.duties):
                yield app


if __name__ == "__main__":
    configure_logging("error")
    look_seldom()
    uvloop.run(serve(sys.argv[1], sys.argv[2], UUID(sys.argv[3])))
