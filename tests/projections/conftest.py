"""A log to project: the store on a fresh database, and the means to append what a world has lived through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from itertools import groupby
from typing import TypeAlias

import pytest

from domain import sender, suppression
from domain.campaign import events as campaign_events
from domain.event import Recorded
from domain.lead import events as lead_events
from service.database.pool import Pool, open_pool
from service.store.appends import Any, Append, Appended, Context, StreamWrite
from service.store.codec import Codec
from service.store.feed import Feed
from service.store.log import EventStore

EVENTS = (*campaign_events.EVENTS, *lead_events.EVENTS, *sender.EVENTS, *suppression.EVENTS)
Write: TypeAlias = Callable[[Iterable[Recorded]], Awaitable[int]]
"""Appends events as they were recorded elsewhere; answers the position of the last."""


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database, max_size=6)
    yield pool
    await pool.close()


@pytest.fixture
def codec() -> Codec:
    return Codec(EVENTS)


@pytest.fixture
def feed(pool: Pool, codec: Codec) -> Feed:
    return Feed(pool, codec)


@pytest.fixture
def store(pool: Pool, codec: Codec) -> EventStore:
    return EventStore(pool, codec)


@pytest.fixture
def write(store: EventStore) -> Write:
    async def write(history: Iterable[Recorded]) -> int:
        position = 0
        for stream, events in groupby(history, key=lambda recorded: recorded.stream):
            together = list(events)
            append = Append(
                workspace_id=together[0].workspace_id,
                writes=[StreamWrite(stream=stream, expected=Any(), events=[each.event for each in together])],
                context=Context(
                    actor="test",
                    correlation_id=together[0].correlation_id,
                    recorded_at=together[0].recorded_at,
                ),
            )
            outcome = await store.append(append)
            assert isinstance(outcome, Appended)
            position = outcome.last_position
        return position

    return write
