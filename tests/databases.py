"""Databases that are made for a test and dropped after it."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg


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
    # In a thread: the server waits for all its sessions, and one may be waiting for this very process to read on.
    await asyncio.to_thread(_execute_here, server, statement)


def _execute_here(server: str, statement: str) -> None:
    try:
        _administrator(server).execute(statement.encode())
    except psycopg.OperationalError:  # a test has crashed the server, and started it again
        _administrator.cache_clear()
        _administrator(server).execute(statement.encode())


@cache
def _administrator(server: str) -> psycopg.Connection:
    """A connection for as long as this process lives: to connect anew takes as long as to copy a database.

    It is no connection of asyncio's, for each test has an event loop of its own.
    """
    connection = psycopg.connect(server, autocommit=True)
    atexit.register(connection.close)
    return connection
