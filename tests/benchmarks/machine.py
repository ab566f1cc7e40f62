"""What was measured on: hardware, versions, and the settings of Postgres that figures depend on."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from msgspec import Struct

from service.database.pool import connect_as_owner

_LIBRARIES: Final = (
    "liftoff",
    "aiosmtplib",
    "asyncpg",
    "litestar",
    "msgspec",
    "pgqueuer",
    "uvicorn",
    "uvloop",
)
_POSTGRES: Final = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_level",
    "wal_sync_method",
    "shared_buffers",
    "max_wal_size",
    "jit",
)


class Machine(Struct, frozen=True, kw_only=True):
    """The machine and the programs on it. ``load``: how many processes wanted to run when the benchmarks began."""

    system: str
    processor: str
    cores: int
    memory_bytes: int
    load: float
    python: str
    libraries: Mapping[str, str]
    postgres: Mapping[str, str]


async def describe_machine(server: str) -> Machine:
    """The machine we are on, and the database server at this DSN."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        load=os.getloadavg()[0],
        python=sys.version.split()[0],
        libraries={name: version(name) for name in _LIBRARIES},
        postgres=await _postgres(server),
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


async def _postgres(server: str) -> dict[str, str]:
    connection = await connect_as_owner(server, application_name="liftoff benchmarks")
    try:
        return {name: await connection.fetchval(f"SHOW {name}") for name in _POSTGRES}
    finally:
        await connection.close()
