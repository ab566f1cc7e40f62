"""A vault over a fresh database, on a connection of the application's role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from service.database.pool import Connection, Pool, open_pool
from service.ids import new_id
from service.vault import MasterKey, Vault

MASTER_KEY = MasterKey(bytes(range(32)))


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database) as pool:
        yield pool


@pytest.fixture
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        yield connection


@pytest.fixture
def vault() -> Vault:
    return Vault(MASTER_KEY)


@pytest.fixture
def workspace() -> UUID:
    return new_id()
