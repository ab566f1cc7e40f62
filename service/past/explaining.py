"""What led to an event: the chain of its causes, what else came of them, and the evidence that was kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.refusal import Refused
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.store.history import Written
from service.texts import Words, unpack
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("explaining.sql"))

MOST_CAUSES: Final = 50
MOST_RELATED: Final = 200
_WITNESSES: Final = ("evidence", "detail_id")
"""The fields of events that name a document with the words of a server or provider."""


class Evidence(Struct, frozen=True):
    """What a server or provider said, kept in the vault's document; null when that has been erased."""

    document_id: UUID
    words: str | None


class Step(Struct, frozen=True, kw_only=True):
    """An event of the chain. ``depth``: 0 for a beginning, else one more than the event that led to it."""

    depth: int
    asked_for: bool
    event: Written
    evidence: Evidence | None


class Explaining:
    """Explains events by the log."""

    def __init__(self, pool: Pool, vault: Vault) -> None:
        self._pool = pool
        self._vault = vault

    async def explain(self, workspace_id: UUID, event_id: UUID) -> list[Step]:
        """The event among its causes and their effects, each right behind its cause: a tree, top down.

        Effects, and events of the same request or run, are looked for in the streams of the event and of its causes;
        there are at most ``MOST_RELATED``. Raises ``Refused`` ``not-found``.
        """
        async with self._pool.acquire() as connection:
            chain = await self._chain(connection, workspace_id, event_id)
            related = _queries.related(
                connection,
                workspace_id=workspace_id,
                streams=[event.stream for event in chain],
                correlation_ids=[chain[0].correlation_id],
                event_ids=[event.event_id for event in chain],
                at_most=MOST_RELATED,
            )
            found = {event.event_id: event for event in [*chain, *[Written(**row) async for row in related]]}
            events = sorted(found.values(), key=lambda event: event.position)
            witnesses = {event.event_id: _witness(event) for event in events}
            wanted = [document_id for document_id in witnesses.values() if document_id is not None]
            opened = await self._vault.open_many(connection, workspace_id, wanted)
        return [
            Step(
                depth=depth,
                asked_for=event.event_id == event_id,
                event=event,
                evidence=_evidence(witnesses[event.event_id], opened),
            )
            for depth, event in _tree(events)
        ]

    async def workspaces_of_event(self, event_id: UUID) -> list[UUID]:
        """The workspaces that have an event of this id: one or none."""
        async with self._pool.acquire() as connection:
            rows = _queries.workspaces_of_event(connection, event_id=event_id)
            return [row["workspace_id"] async for row in rows]

    async def workspaces_of_stream(self, stream: str) -> list[UUID]:
        """The workspaces that have a stream of this name."""
        async with self._pool.acquire() as connection:
            rows = _queries.workspaces_of_stream(connection, stream=stream)
            return [row["workspace_id"] async for row in rows]

    async def _chain(self, connection: Connection, workspace_id: UUID, event_id: UUID) -> list[Written]:
        """The event, its cause, the cause of that, and so on."""
        chain: list[Written] = []
        wanted: UUID | None = event_id
        while wanted is not None and len(chain) < MOST_CAUSES:
            row = await _queries.one(connection, workspace_id=workspace_id, event_id=wanted)
            if row is None:
                break
            chain.append(Written(**row))
            wanted = chain[-1].causation_id
        if not chain:
            raise Refused("not-found", "There is no such event in this workspace.")
        return chain


def _tree(events: Sequence[Written]) -> Iterator[tuple[int, Written]]:
    """The events with their depths, each right behind its cause; ``events`` are in order, causes come first."""
    known = {event.event_id for event in events}
    caused: dict[UUID | None, list[Written]] = {}
    for event in events:
        cause = event.causation_id if event.causation_id in known else None
        caused.setdefault(cause, []).append(event)
    waiting = [(0, event) for event in reversed(caused.get(None, []))]
    while waiting:
        depth, event = waiting.pop()
        yield depth, event
        waiting += [(depth + 1, effect) for effect in reversed(caused.get(event.event_id, []))]


def _witness(event: Written) -> UUID | None:
    payload = msgspec.json.decode(event.payload, type=dict[str, Any])
    return next((UUID(payload[name]) for name in _WITNESSES if payload.get(name)), None)


def _evidence(document_id: UUID | None, opened: Mapping[UUID, bytes]) -> Evidence | None:
    if document_id is None:
        return None
    document = opened.get(document_id)
    return Evidence(document_id, None if document is None else unpack(document, Words).text)
