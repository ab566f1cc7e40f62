"""pgbench, Postgres' own benchmark: durable inserts of one bare row each."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path
from typing import Final

from service.database.pool import connect_as_owner

_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS bare_of_pgbench (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload json NOT NULL
    )
"""
_SCRIPT: Final = "INSERT INTO bare_of_pgbench (payload) VALUES ('{payload}');\n"
_RATE: Final = re.compile(r"tps = ([\d.]+)")


def program() -> str | None:
    """Where pgbench is, if it is installed."""
    directories = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = [shutil.which("pgbench"), *(shutil.which("pgbench", path=str(path)) for path in directories)]
    return next((path for path in found if path), None)


async def inserts(pgbench: str, dsn: str, directory: Path, payload: str, clients: int, seconds: int) -> float:
    """Transactions per second of so many clients, each of which inserts one row after the other."""
    connection = await connect_as_owner(dsn, application_name="liftoff benchmarks")
    try:
        await connection.execute(_TABLE)
    finally:
        await connection.close()
    script = directory / "insert.pgbench"
    script.write_text(_SCRIPT.format(payload=payload))
    ran = await asyncio.create_subprocess_exec(
        *(pgbench, "--no-vacuum", "--protocol=prepared", f"--file={script}", f"--client={clients}"),
        *(f"--jobs={min(clients, 2)}", f"--time={seconds}", dsn),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await ran.communicate()
    if (rate := _RATE.search(output.decode())) is None:
        raise RuntimeError(f"pgbench failed: {errors.decode()[-200:]}")
    return float(rate[1])
