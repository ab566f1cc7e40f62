"""The tables of a projection, as a fold in memory makes them and as the database holds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.event import Recorded
from projections.catalogue import AnyProjection
from projections.fold import Fold
from projections.projection import Key, SumName
from service.database.pool import Pool


@dataclass
class Tables:
    """The rows by key, and the sums by table and name."""

    rows: dict[Key, Any] = field(default_factory=dict)
    sums: dict[str, dict[SumName, int]] = field(default_factory=dict)


def folded(projection: AnyProjection, *batches: Sequence[Recorded]) -> Tables:
    """What the batches amount to, each written before the next is read."""
    tables = Tables(sums={sums.table.name: {} for sums in projection.sums})
    for events in batches:
        fold = Fold(projection)
        unknown = fold.expect(events)
        fold.admit(tables.rows[key] for key in unknown if key in tables.rows)
        fold.apply()
        changes = fold.changes()
        for key in changes.outdated:
            del tables.rows[key]
        for row in changes.rows:
            key, _ = projection.read(row)
            assert key not in tables.rows
            tables.rows[key] = row
        for table, differences in changes.sums.items():
            tables.sums[table] = _added(tables.sums[table], differences)
    return tables


async def stored(pool: Pool, projection: AnyProjection) -> Tables:
    """What the database holds."""
    columns = ", ".join(projection.columns)
    records = await pool.fetch(f"SELECT {columns} FROM {projection.table.name}")
    states = dict(projection.read(projection.row(*record)) for record in records)
    sums = {
        each.table.name: {
            tuple(record.values())[:-1]: record["n"]
            for record in await pool.fetch(f"SELECT {', '.join(each.table.key)}, n FROM {each.table.name}")
        }
        for each in projection.sums
    }
    return Tables({key: projection.lay_out(key, state) for key, state in states.items()}, sums)


def _added(sums: Mapping[SumName, int], differences: Mapping[SumName, int]) -> dict[SumName, int]:
    total = Counter(sums)
    total.update(differences)
    return {name: n for name, n in total.items() if n}
