"""Sender accounts by their streams: load, decide, append, and keep gate and identity in step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from msgspec import Struct

from domain import streams
from domain.event import Event
from domain.refusal import Refused
from domain.sender.state import Sender, fold
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch.gates import Gates
from service.store.appends import Append, Appended, At, New, StreamWrite, as_recorded
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("repository.sql"))

ATTEMPTS = 5
"""How often a change is decided anew when another writer was first, before the client is told."""

Decider = Callable[[Sender], Sequence[Event]]
Planner = Callable[[Sender], Awaitable["Change"]]
Beside = Callable[[Connection], Awaitable[None]]


class Change(Struct, frozen=True, kw_only=True):
    """A sender's events, and what else is written in their transaction (``beside``); either may be missing."""

    events: Sequence[Event]
    beside: Beside | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self.events and self.beside is None


class SenderMoved(Exception):
    """Another writer changed the sender, or launched a campaign through it, between reading and writing it."""


def no_such_sender() -> Refused:
    """The one answer for a sender account that isn't there, or is another workspace's."""
    return Refused("not-found", "There is no such sender account in this workspace.")


def present(senders: Mapping[UUID, Sender | None]) -> dict[UUID, Sender]:
    """Those that are there: neither unknown nor removed."""
    return {id_: sender for id_, sender in senders.items() if sender is not None and not sender.removed}


class Senders:
    """All sender accounts of a database, one stream each."""

    def __init__(self, store: EventStore, gates: Gates, clock: Clock) -> None:
        self._store = store
        self._gates = gates
        self._clock = clock

    async def load(self, workspace_id: UUID, sender_id: UUID, connection: Connection | None = None) -> Sender:
        """The sender now. Raises ``Refused`` ``not-found`` for one that is unknown or removed."""
        found = await self.load_many(workspace_id, [sender_id], connection)
        if sender_id not in found:
            raise no_such_sender()
        return found[sender_id]

    async def load_many(
        self, workspace_id: UUID, sender_ids: Iterable[UUID], connection: Connection | None = None
    ) -> dict[UUID, Sender]:
        """The senders now, by id; those that are unknown or removed are absent."""
        names = {streams.sender(sender_id): sender_id for sender_id in sender_ids}
        histories = await self._store.read_streams(workspace_id, list(names), connection)
        return present({names[name]: fold(history) for name, history in histories.items()})

    async def begin(
        self,
        connection: Connection,
        caller: Caller,
        sender_id: UUID,
        events: Sequence[Event],
        account_digest: UUID | None = None,
    ) -> Sender:
        """Append the birth of a sender account, in the caller's transaction.

        ``account_digest`` stands for the mailbox or LinkedIn account, by which events of its provider find it.
        Raises ``Refused`` ``sender-exists`` when an account of the workspace has its identity.
        """
        sender = await self._append(connection, caller, sender_id, None, events)
        claimed = await _queries.claim_identity(
            connection,
            workspace_id=caller.workspace_id,
            channel=sender.channel,
            identity_digest=sender.address_digest,
            sender_id=sender_id,
            account_digest=account_digest,
        )
        if not claimed:
            raise Refused(
                "sender-exists", "Another sender account of this workspace has this address or account."
            )
        return sender

    async def connected_by(self, connection: Connection, account_digest: UUID) -> list[tuple[UUID, UUID]]:
        """The sender accounts, with their workspaces, that connect a mailbox or an account of the LinkedIn provider."""
        rows = _queries.connected_by(connection, account_digest=account_digest)
        return [(row["workspace_id"], row["sender_id"]) async for row in rows]

    async def execute(self, caller: Caller, sender_id: UUID, decide: Decider) -> Sender:
        """As ``revise``, for what changes nothing but the sender's stream."""

        async def plan(sender: Sender) -> Change:
            return Change(events=decide(sender))

        return await self.revise(caller, sender_id, plan)

    async def revise(self, caller: Caller, sender_id: UUID, plan: Planner) -> Sender:
        """Load, plan, append; plans anew while other writers come first. Answers the sender after it.

        Raises what ``plan`` raises, ``Refused`` ``not-found`` or ``sender-changed``.
        """
        for _ in range(ATTEMPTS):
            sender = await self.load(caller.workspace_id, sender_id)
            change = await plan(sender)
            if change.is_empty:
                return sender
            try:
                return await self._swap(caller, sender, change)
            except SenderMoved:
                continue
        raise Refused(
            "sender-changed", "Others keep changing this sender account. Read it again, then repeat."
        )

    async def _swap(self, caller: Caller, before: Sender, change: Change) -> Sender:
        async with self._store.transaction() as connection:
            if change.beside is not None:
                await change.beside(connection)
            if not change.events:
                return before
            after = await self._append(connection, caller, before.id, before, change.events)
            if after.removed:
                await _queries.release_identity(
                    connection, workspace_id=caller.workspace_id, sender_id=before.id
                )
            return after

    async def _append(
        self,
        connection: Connection,
        caller: Caller,
        sender_id: UUID,
        before: Sender | None,
        events: Sequence[Event],
    ) -> Sender:
        """The sender after ``events``. Raises ``SenderMoved``."""
        append = Append(
            workspace_id=caller.workspace_id,
            writes=(
                StreamWrite(
                    stream=streams.sender(sender_id),
                    expected=New() if before is None else At(before.version),
                    events=events,
                ),
            ),
            context=caller.context(self._clock),
        )
        [outcome] = await self._store.append_in(connection, [append])
        if not isinstance(outcome, Appended):
            raise SenderMoved
        after = fold(as_recorded(append, outcome), before)
        if after is None:
            raise ValueError("a sender's stream begins with its connection")
        await self._keep_gate(connection, caller.workspace_id, after)
        return after

    async def _keep_gate(self, connection: Connection, workspace_id: UUID, after: Sender) -> None:
        if not after.removed:
            await self._gates.set_sender(connection, workspace_id, after, self._clock.now())
            if after.inbox_id is not None:
                await _queries.place_inbox(
                    connection, workspace_id=workspace_id, sender_id=after.id, inbox_id=after.inbox_id
                )
            return
        try:
            await self._gates.drop_sender(connection, workspace_id, after.id)
        except asyncpg.ForeignKeyViolationError as in_use:
            raise SenderMoved from in_use
