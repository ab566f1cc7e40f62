"""Where the program under test keeps its data."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest


@pytest.fixture
def own_database(database: str) -> Mapping[str, str]:
    """Settings for a database of the test's own on the server of the run: another server takes seconds to set up."""
    return _on(database)


@pytest.fixture
def embedded_database(empty_database: str) -> Mapping[str, str]:
    """Settings for the embedded database, not yet set up; or for an empty one, on the server that the run was given."""
    return _on(empty_database) if "LIFTOFF_DATABASE_URL" in os.environ else {}


def _on(dsn: str) -> Mapping[str, str]:
    return {"LIFTOFF_DATABASE_URL": dsn, "LIFTOFF_SECRET_KEY": "7" * 64}
