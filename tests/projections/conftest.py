"""A log to project: the store on a fresh database, and the means to append what a world has lived through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from itertools import groupby
from typing import Final, TypeAlias

import pytest

from domain import read_models, suppression
from domain.campaign import events as campaign_events
from domain.event import Recorded
from domain.lead import events as lead_events
from domain.sender import events as sender_events
from domain.upcasters import UPCASTERS
from service.database.pool import Pool, open_pool
from service.store.appends import Any, Append, Appended, Context, StreamWrite, as_recorded
from service.store.codec import Codec
from service.store.feed import Feed
from service.store.log import EventStore

EVENTS: Final = (
    *campaign_events.EVENTS,
    *lead_events.EVENTS,
    *sender_events.EVENTS,
    *suppression.EVENTS,
    *read_models.EVENTS,
)
Write: TypeAlias = Callable[[Iterable[Recorded]], Awaitable[list[Recorded]]]
"""Appends what was recorded elsewhere; answers it as it is recorded here."""


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database, max_size=6)
    yield pool
    await pool.close()


@pytest.fixture
def codec() -> Codec:
    return Codec(EVENTS, UPCASTERS)


@pytest.fixture
def feed(pool: Pool, codec: Codec) -> Feed:
    return Feed(pool, codec)


@pytest.fixture
def store(pool: Pool, codec: Codec) -> EventStore:
    return EventStore(pool, codec)


@pytest.fixture
def write(store: EventStore) -> Write:
    return writing_to(store)


def writing_to(store: EventStore) -> Write:
    async def write(history: Iterable[Recorded]) -> list[Recorded]:
        stored: list[Recorded] = []
        for _, events in groupby(history, key=lambda recorded: (recorded.stream, recorded.recorded_at)):
            append = _append(list(events))
            outcome = await store.append(append)
            assert isinstance(outcome, Appended)
            stored += as_recorded(append, outcome)
        return stored

    return write


def _append(events: Sequence[Recorded]) -> Append:
    first, facts = events[0], [recorded.event for recorded in events]
    return Append(
        workspace_id=first.workspace_id,
        writes=[StreamWrite(stream=first.stream, expected=Any(), events=facts)],
        context=Context(
            actor=first.actor, correlation_id=first.correlation_id, recorded_at=first.recorded_at
        ),
    )
