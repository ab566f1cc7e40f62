"""A launched campaign to copy."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.launched import Origin, launched

LEADS = 32


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def origin(database_server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Origin]:
    """The campaign; each test has a copy of its own."""
    async with launched(database_server, tmp_path_factory.mktemp("origin"), LEADS) as made:
        yield made
