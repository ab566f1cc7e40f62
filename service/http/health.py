"""Is it alive, is it ready, what does it count: for those who operate the service. None of it needs a key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import structlog
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from service.database.migrate import missing_migrations
from service.database.pool import DatabaseError, Pool
from service.http.problems import Problem

PATIENCE_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a probe found. ``seconds`` is what it measured, if that is an age or a lag."""

    ok: bool
    detail: str
    seconds: float | None = None


class Probe(Protocol):
    """Looks at one thing the service needs to be ready."""

    @property
    def name(self) -> str:
        """Under which the finding is reported."""
        ...

    async def examine(self) -> Finding:
        """Look at it; an exception means the thing is not well."""
        ...


class DatabaseProbe:
    """Whether the database answers."""

    name = "database"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def examine(self) -> Finding:
        """Ask it the simplest question."""
        await self._pool.fetchval("SELECT 1")
        return Finding(ok=True, detail="answers")


class SchemaProbe:
    """Whether the database has every migration this program knows."""

    name = "schema"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def examine(self) -> Finding:
        """Compare the ledger of migrations with those shipped."""
        try:
            async with self._pool.acquire() as connection:
                missing = await missing_migrations(connection)
        except DatabaseError as error:
            return Finding(ok=False, detail=str(error))
        if missing:
            return Finding(
                ok=False, detail=f"migrations missing: {', '.join(missing)}; run 'liftoff migrate'"
            )
        return Finding(ok=True, detail="up to date")


class Readiness(Struct, frozen=True):
    """All findings by the name of their probe."""

    status: str
    checks: dict[str, Finding]


class Checkup:
    """All that the service needs to be ready."""

    def __init__(self, probes: Sequence[Probe]) -> None:
        self._probes = probes

    async def findings(self) -> dict[str, Finding]:
        """What each probe finds, by its name."""
        found = await asyncio.gather(*map(_examine, self._probes))
        return {probe.name: finding for probe, finding in zip(self._probes, found, strict=True)}


@get("/live")
async def _live() -> dict[str, str]:
    """The process answers. Nothing else is looked at, so that no outage elsewhere gets it restarted."""
    return {"status": "live"}


@get("/ready")
async def _ready(checkup: NamedDependency[Checkup]) -> Readiness:
    """Everything the service needs is there. Raises ``Problem`` ``not-ready``."""
    checks = await checkup.findings()
    if failing := [name for name, finding in checks.items() if not finding.ok]:
        raise Problem("not-ready", f"Not ready: {', '.join(failing)}.", members={"checks": checks})
    return Readiness("ready", checks)


@get("/metrics", media_type=CONTENT_TYPE_LATEST, sync_to_thread=False)
def _metrics(registry: NamedDependency[CollectorRegistry]) -> Response[bytes]:
    """All numbers, in the text format of Prometheus."""
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _examine(probe: Probe) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await probe.examine()
    except Exception as error:
        _log.warning("probe failed", probe=probe.name, exc_info=error)
        return Finding(ok=False, detail="does not answer")


health_routes: Final[tuple[ControllerRouterHandler, ...]] = (
    Router("/health", route_handlers=[_live, _ready]),
    _metrics,
)
