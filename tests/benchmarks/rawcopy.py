"""The limit of everything that writes many rows: the very same rows, copied raw into the very same tables."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from service.database.pool import SCHEMA, connect_as_owner

_APPLICATION: Final = "liftoff benchmarks"


async def save_rows(dsn: str, rows: Mapping[str, str], directory: Path) -> None:
    """Keep rows in files of ``directory``; by table, the condition that chooses them."""
    connection = await connect_as_owner(dsn, application_name=_APPLICATION)
    try:
        for table, condition in rows.items():
            await connection.copy_from_query(
                f"SELECT * FROM {table} WHERE {condition}", output=_file(directory, table), format="binary"
            )
    finally:
        await connection.close()


async def copy_rows(dsn: str, tables: Iterable[str], directory: Path) -> float:
    """Copy the saved rows into a database without them, in one transaction: the seconds it takes."""
    connection = await connect_as_owner(dsn, application_name=_APPLICATION)
    try:
        begun = time.perf_counter()
        async with connection.transaction():
            for table in tables:
                await connection.copy_to_table(
                    table, schema_name=SCHEMA, source=_file(directory, table), format="binary"
                )
        return time.perf_counter() - begun
    finally:
        await connection.close()


def _file(directory: Path, table: str) -> Path:
    return directory / f"{table}.rows"
