"""Where the program under test keeps its data."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest


@pytest.fixture
def own_database(empty_database: str) -> Mapping[str, str]:
    """Settings for a database of the test's own: the embedded one, or one of the server of ``LIFTOFF_DATABASE_URL``."""
    if "LIFTOFF_DATABASE_URL" not in os.environ:
        return {}
    return {"LIFTOFF_DATABASE_URL": empty_database, "LIFTOFF_SECRET_KEY": "7" * 64}
