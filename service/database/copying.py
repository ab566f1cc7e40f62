"""COPY of many rows in its own binary form, in pieces: Postgres stores one while the next is made.

The driver, given records, would encode them all before it sends anything. A row is the number of its columns, then each
field after its length, numbers big-endian; the writers of the tables know the layout of theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from service.database.pool import Connection

ROWS_A_PIECE: Final = 100
_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
_END: Final = b"\xff\xff"


async def copy_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[bytes]
) -> None:
    """Add the rows to the table. Raises what asyncpg raises."""
    await connection.copy_to_table(table, columns=columns, source=_pieces(iter(rows)), format="binary")


async def _pieces(rows: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield _BEGIN + _next(rows)
    while piece := _next(rows):
        await asyncio.sleep(0)  # what is to be sent leaves at the end of a turn of the event loop
        yield piece
    yield _END


def _next(rows: Iterator[bytes]) -> bytes:
    return b"".join(islice(rows, ROWS_A_PIECE))
