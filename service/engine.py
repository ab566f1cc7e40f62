"""The background engine: PgQueuer, which keeps jobs in the database and hands each to one worker at a time.

A job is inserted in the transaction of the event it follows from, so it can neither be lost nor invented. The engine
does not fence: a worker that was only frozen runs on beside its successor. What forbids the second is the epoch in the
log (runs) and the generation of a chain (ticks).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from service.database.pool import Connection

LAUNCH: Final = "launch"
TICK: Final = "tick"
HOUSEKEEPING: Final = "housekeeping"
WATCH: Final = "watch"


class LaunchJob(Struct, frozen=True):
    """The background run of one launch attempt."""

    workspace_id: UUID
    campaign_id: UUID
    epoch: int
    correlation_id: UUID


class TickJob(Struct, frozen=True):
    """The tick chain of one shard of senders."""

    shard: int


class HousekeepingJob(Struct, frozen=True):
    """The chain that looks after what nobody else comes back to."""


class WatchJob(Struct, frozen=True):
    """The chain that looks after what waits for the world instead of for its turn."""


Job: TypeAlias = LaunchJob | TickJob | HousekeepingJob | WatchJob


async def enqueue(connection: Connection, job: Job) -> None:
    """Put the job into the queue, in the caller's transaction; does nothing if it is there already."""
    entrypoint, key = _address(job)
    queries = Queries(AsyncpgDriver(connection))  # type: ignore[arg-type]  # a pool's proxy serves as well
    await queries.enqueue(entrypoint, msgspec.json.encode(job), dedupe_key=key, on_conflict="skip")


async def withdraw(connection: Connection, job: Job) -> None:
    """Take the job out of the queue, in the caller's transaction; a worker that has begun it is not stopped by that."""
    _, key = _address(job)
    await connection.execute("DELETE FROM pgqueuer WHERE dedupe_key = $1", key)


def _address(job: Job) -> tuple[str, str]:
    """The entrypoint of a job, and the key under which the engine keeps at most one of it."""
    match job:
        case LaunchJob(campaign_id=campaign_id, epoch=epoch):
            return LAUNCH, f"{LAUNCH}:{campaign_id}:{epoch}"
        case TickJob(shard=shard):
            return TICK, f"{TICK}:{shard}"
        case HousekeepingJob():
            return HOUSEKEEPING, HOUSEKEEPING
        case WatchJob():
            return WATCH, WATCH


async def forget_old_log(connection: Connection, kept: timedelta) -> None:
    """Drop the engine's own log of jobs beyond ``kept``: a chain writes a line with each link, for ever."""
    await connection.execute("DELETE FROM pgqueuer_log WHERE created < now() - $1::interval", kept)
