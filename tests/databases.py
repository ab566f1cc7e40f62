"""Databases that are made for a test and dropped after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg


@asynccontextmanager
async def temporary_database(
    server: str, template: str = "template1", tablespace: str = "pg_default"
) -> AsyncIterator[str]:
    """The DSN of a fresh copy of the template on that server, until the end of the block.

    Nobody may be connected to the template. It is copied by file: where ``fsync`` is off that is faster than through
    the log, on a busy machine several times.
    """
    name = f"liftoff_test_{uuid4().hex}"
    await _execute(
        server, f"CREATE DATABASE {name} TEMPLATE {template} TABLESPACE {tablespace} STRATEGY FILE_COPY"
    )
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        await _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def name_of(dsn: str) -> str:
    """The name of the database that a DSN leads to."""
    return urlsplit(dsn).path.removeprefix("/")


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
