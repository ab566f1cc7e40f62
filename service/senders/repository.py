"""Sender accounts by their streams: load, decide, append, and keep the gate in step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from domain import streams
from domain.event import Event
from domain.refusal import Refused
from domain.sender import Sender, fold
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection
from service.dispatch.gates import Gates
from service.store.appends import Append, Appended, At, New, StreamWrite, as_recorded
from service.store.log import EventStore

ATTEMPTS = 5
"""How often a change is decided anew when another writer was first, before the client is told."""

Decider = Callable[[Sender], Sequence[Event]]


class Senders:
    """All sender accounts of a database, one stream each."""

    def __init__(self, store: EventStore, gates: Gates, clock: Clock) -> None:
        self._store = store
        self._gates = gates
        self._clock = clock

    async def load(self, workspace_id: UUID, sender_id: UUID) -> Sender:
        """The sender now. Raises ``Refused`` ``not-found`` for one that is unknown or removed."""
        found = await self.load_many(workspace_id, [sender_id])
        if sender_id not in found:
            raise Refused("not-found", "There is no such sender account in this workspace.")
        return found[sender_id]

    async def load_many(self, workspace_id: UUID, sender_ids: Iterable[UUID]) -> dict[UUID, Sender]:
        """The senders now, by id; those that are unknown or removed are absent."""
        names = {streams.sender(sender_id): sender_id for sender_id in sender_ids}
        histories = await self._store.read_streams(workspace_id, list(names))
        senders = {names[name]: fold(history) for name, history in histories.items()}
        return {id_: sender for id_, sender in senders.items() if sender is not None and not sender.removed}

    async def begin(
        self, connection: Connection, caller: Caller, sender_id: UUID, events: Sequence[Event]
    ) -> Sender:
        """Append the birth of a sender account, in the caller's transaction."""
        sender = await self._append(connection, caller, sender_id, None, events)
        if sender is None:
            raise Refused("sender-changed", "A sender account of this id exists.")
        return sender

    async def execute(self, caller: Caller, sender_id: UUID, decide: Decider) -> Sender:
        """Load, decide, append; decides anew while other writers come first. Answers the sender after it.

        Raises what ``decide`` raises, ``Refused`` ``not-found`` or ``sender-changed``.
        """
        for _ in range(ATTEMPTS):
            sender = await self.load(caller.workspace_id, sender_id)
            events = decide(sender)
            if not events:
                return sender
            async with self._store.transaction() as connection:
                after = await self._append(connection, caller, sender_id, sender, events)
            if after is not None:
                return after
        raise Refused(
            "sender-changed", "Others keep changing this sender account. Read it again, then repeat."
        )

    async def _append(
        self,
        connection: Connection,
        caller: Caller,
        sender_id: UUID,
        before: Sender | None,
        events: Sequence[Event],
    ) -> Sender | None:
        """The sender after ``events``; None when another writer was first."""
        expected = New() if before is None else At(before.version)
        append = Append(
            workspace_id=caller.workspace_id,
            writes=(StreamWrite(stream=streams.sender(sender_id), expected=expected, events=events),),
            context=caller.context(self._clock),
        )
        [outcome] = await self._store.append_in(connection, [append])
        if not isinstance(outcome, Appended):
            return None
        after = fold(as_recorded(append, outcome), before)
        if after is None:
            raise ValueError("a sender's stream begins with its connection")
        await self._gates.set_sender(connection, caller.workspace_id, after, self._clock.now())
        return after
