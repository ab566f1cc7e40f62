"""The statements of an ``.sql`` file, each a method by its name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter


class _ThroughAsyncpg(AsyncPGAdapter):
    """Gives statements to asyncpg as they are.

    The library's own adapter lists all attributes of what it is given, at each call, to find out whether it is a pool:
    40 µs, a fifth of what a small statement costs, and a pool takes statements just as a connection does.
    """

    def maybe_order_params(self, query_name: str, parameters: Any) -> Sequence[Any]:
        """The parameters in the order of their numbers."""
        ordered: Sequence[Any] = super().maybe_order_params(query_name, parameters)  # type: ignore[no-untyped-call]
        return ordered

    async def select(
        self, conn: Any, query_name: str, sql: str, parameters: Any, record_class: None = None
    ) -> AsyncIterator[Any]:
        """Every row."""
        for row in await conn.fetch(sql, *self.maybe_order_params(query_name, parameters)):
            yield row

    async def select_one(
        self, conn: Any, query_name: str, sql: str, parameters: Any, record_class: None = None
    ) -> Any:
        """The first row, or None."""
        return await conn.fetchrow(sql, *self.maybe_order_params(query_name, parameters))

    async def select_value(self, conn: Any, query_name: str, sql: str, parameters: Any) -> Any:
        """The first value of the first row, or None."""
        return await conn.fetchval(sql, *self.maybe_order_params(query_name, parameters))

    async def insert_update_delete(self, conn: Any, query_name: str, sql: str, parameters: Any) -> Any:
        """What the server says was done."""
        return await conn.execute(sql, *self.maybe_order_params(query_name, parameters))


def statements(path: Path) -> Any:
    """The statements of the file, to be called with a connection or a pool and their parameters by name."""
    return aiosql.from_path(path, cast(Any, _ThroughAsyncpg))
