"""The driver's connection, but for what it asks each time anew: what the types of Postgres itself are.

It asks on every connection, in three round trips, one of which takes a fresh session 15 ms; three times as long as to
connect. The answer is the same everywhere: those types have the numbers that Postgres has given them by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg

if TYPE_CHECKING:
    _Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:  # the real class takes no type arguments
    _Connection = asyncpg.Connection

_FIRST_OF_OTHERS: Final = 10_000
"""``FirstGenbkiObjectId`` of Postgres: from here on numbers differ between databases and versions."""
_Types: TypeAlias = tuple[Sequence[asyncpg.Record], Any]

_known: Final[dict[frozenset[int], _Types]] = {}


class DriverConnection(_Connection):
    """A connection that asks for the types of Postgres itself once in a process."""

    async def _introspect_types(self, typeoids: Sequence[int], timeout: float | None) -> _Types:  # noqa: ASYNC109
        asked = frozenset(typeoids)
        if asked in _known:
            return _known[asked]
        answer: _Types = await super()._introspect_types(typeoids, timeout)  # type: ignore[misc]
        if max(asked) < _FIRST_OF_OTHERS:
            _known[asked] = answer
        return answer
