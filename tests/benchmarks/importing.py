"""Importing a file of leads over the API, beside a raw COPY of the very rows it leads to."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from typing import Final

from msgspec import Struct

from service.projector.runner import Projector
from service.settings import Settings
from tests.benchmarks.benchmark import Benchmark, Scale, Setting
from tests.benchmarks.figures import Aim, Figure, compared, plain, series
from tests.benchmarks.launching import client_on
from tests.benchmarks.processes import in_own_process
from tests.benchmarks.rawcopy import copy_rows, save_rows
from tests.benchmarks.stage import draft, new_caller, new_key, service_on

_SETTINGS: Final = Settings(rate_limit_per_second=1e6, rate_limit_burst=1_000_000)
_WRITTEN: Final = {
    "vault_keys": "true",
    "documents": "true",
    "roster": "true",
    "events": "type = 'leads-imported'",
}
"""What an import writes, by table."""


class Size(Struct, frozen=True):
    """So many rows, so often."""

    rows: int
    runs: int


SIZES: Final[Mapping[Scale, Size]] = {
    "smallest": Size(500, 1),
    "quick": Size(10_000, 1),
    "full": Size(100_000, 3),
}


async def measure(setting: Setting) -> AsyncIterator[Figure]:
    """Rows per second of an import, and of the COPY."""
    size = SIZES[setting.scale]
    imported, copied, memory = list[float](), list[float](), list[float]()
    for run in range(size.runs):
        setting.tell(f"importing {size.rows:,} leads, run {run + 1} of {size.runs}")
        async with setting.ground.database() as dsn:
            done = await in_own_process(_import, dsn, size.rows)
            await save_rows(dsn, _WRITTEN, setting.ground.directory)
        async with setting.ground.database() as dsn:
            seconds = await copy_rows(dsn, _WRITTEN, setting.ground.directory)
        imported.append(size.rows / done.answer)
        copied.append(size.rows / seconds)
        memory.append(done.peak_megabytes)
    words = f"import of a CSV file of {size.rows:,} leads"
    yield compared(
        "rows/s",
        series(words, imported),
        series("raw COPY of what the import writes", copied),
        size=size.rows,
        aims=(Aim(20_000), Aim(0.25, "ratio")),
    )
    yield plain("MB", series(f"{words}: peak memory of the process", memory), size.rows)


async def _import(dsn: str, rows: int) -> float:
    """Seconds from the first byte of the file to the answer."""
    async with service_on(dsn, _SETTINGS) as liftoff:
        await Projector(liftoff.pool, liftoff.feed).start()
        caller = await new_caller(liftoff)
        campaign = await draft(liftoff, caller, [])
        key = await new_key(liftoff, caller.workspace_id)
        async with client_on(liftoff, key) as client:
            begun = time.perf_counter()
            response = await client.post(
                f"/api/campaigns/{campaign.id}/leads/import",
                content=_file(rows),
                headers={"Content-Type": "text/csv"},
            )
            seconds = time.perf_counter() - begun
        if response.json().get("imported") != rows:
            raise RuntimeError(f"an import of the benchmark was refused: {response.text[:200]}")
        return seconds


async def _file(rows: int) -> AsyncIterator[bytes]:
    yield b"email,first_name,last_name,company\r\n"
    for start in range(0, rows, 1_000):
        numbers = range(start, min(start + 1_000, rows))
        yield "".join(f"lead{n}@example.org,Ada,Example,Quieter Ltd\r\n" for n in numbers).encode()


BENCHMARK: Final = Benchmark("import", "importing leads, beside a raw COPY", measure)
