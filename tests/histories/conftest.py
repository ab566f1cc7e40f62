"""An empty log for each history, in one database for all of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.database.pool import Connection, Pool, connect_as_owner, open_pool
from tests.histories.slate import wipe


@pytest.fixture
async def owner(shared_database: str) -> AsyncIterator[Connection]:
    """A connection of the owner of the tables; there is nothing in the log."""
    connection = await connect_as_owner(shared_database, application_name="test")
    await wipe(connection)
    yield connection
    await connection.close()


@pytest.fixture
async def pool(shared_database: str, owner: Connection) -> AsyncIterator[Pool]:
    """Connections of the application's role."""
    async with await open_pool(shared_database) as pool:
        yield pool
