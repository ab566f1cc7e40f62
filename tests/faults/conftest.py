"""A database server that may be crashed, and a launched campaign in it to copy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
import pytest_asyncio

from tests.faults.cluster import CrashingPostgres
from tests.faults.launched import Origin, launched

LEADS: Final = 64
"""Enough for nine workers that are killed, each with a handful of sends done or lost."""


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashingPostgres]:
    """The server; others than these tests have another."""
    with CrashingPostgres(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def origin(
    postgres: CrashingPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Origin]:
    """The campaign; each test has a copy of its own."""
    async with launched(postgres.dsn, tmp_path_factory.mktemp("origin"), LEADS) as made:
        yield made
