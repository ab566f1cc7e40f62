"""Where the service under test keeps its data."""

from __future__ import annotations

from tests.end_to_end.conftest import own_database

__all__ = ["own_database"]
