"""A store on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from service.database.pool import Connection, Pool, connect_as_owner, open_pool
from service.store.feed import Feed
from service.store.log import EventStore
from tests.store.events import CODEC


@pytest.fixture
def workspace() -> UUID:
    """The id of a workspace."""
    return uuid4()


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections of the application's role."""
    async with await open_pool(database) as pool:
        yield pool


@pytest.fixture
async def store(pool: Pool) -> AsyncIterator[EventStore]:
    """The store under test."""
    store = EventStore(pool, CODEC)
    yield store
    await store.close()


@pytest.fixture
def feed(pool: Pool) -> Feed:
    """The feed under test."""
    return Feed(pool, CODEC)


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Connection]:
    """A connection of the owner of the tables."""
    connection = await connect_as_owner(database, application_name="test")
    yield connection
    await connection.close()
