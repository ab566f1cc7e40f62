"""Campaigns by their streams: load, decide, append with compare-and-swap, and keep the gate in step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.campaign.state import Campaign, fold
from domain.event import Event
from domain.refusal import Refused
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection
from service.dispatch.gates import Gates
from service.launch import schedule
from service.store.appends import Append, Appended, At, Conflict, Fenced, Guard, New, StreamWrite, as_recorded
from service.store.log import EventStore

ATTEMPTS = 5
"""How often a change is decided anew when another writer was first, before the client is told."""

Decider = Callable[[Campaign], Sequence[Event]]
Expect = Callable[[int], None]
"""Raises unless a campaign's version is the one that the client last saw."""
Beside = Callable[[Connection, Campaign], Awaitable[None]]
Planner = Callable[[Campaign], Awaitable["Change"]]


class Change(Struct, frozen=True, kw_only=True):
    """What goes into one transaction with a campaign's events.

    ``ahead`` and ``also``: events for other streams, before and after these. ``beside``: rows to write, given the
    campaign as it will be. ``raise_fence``: from then on refuse runs of an older launch attempt. ``epoch``: the launch
    attempt whose run writes.
    """

    events: Sequence[Event]
    ahead: Sequence[StreamWrite] = ()
    also: Sequence[StreamWrite] = ()
    beside: Beside | None = None
    raise_fence: int | None = None
    epoch: int | None = None


class Superseded(Exception):
    """A run wrote under an epoch that is over: nothing was stored."""

    def __init__(self, epoch: int, fence: int) -> None:
        super().__init__(f"launch attempt {epoch} is over; the stream admits {fence} and later")
        self.epoch = epoch
        self.fence = fence


class StreamMoved(Exception):
    """Another writer changed the campaign between reading and writing it."""


def not_found() -> Refused:
    """The one answer for a campaign that isn't there, or is another workspace's."""
    return Refused("not-found", "There is no such campaign in this workspace.")


def any_version(version: int) -> None:
    """The expectation of a client that has none."""


class Campaigns:
    """All campaigns of a database, one stream each."""

    def __init__(self, store: EventStore, gates: Gates, clock: Clock) -> None:
        self._store = store
        self._gates = gates
        self._clock = clock

    async def load(
        self, workspace_id: UUID, campaign_id: UUID, connection: Connection | None = None
    ) -> Campaign:
        """The campaign now. Raises ``Refused`` ``not-found`` for one that is unknown or deleted.

        Who holds a connection reads through it: to wait for another could be to wait for ever.
        """
        stream = streams.campaign(campaign_id)
        campaign = fold(await self._store.read_stream(workspace_id, stream, connection=connection))
        if campaign is None or campaign.deleted:
            raise not_found()
        return campaign

    async def begin(self, caller: Caller, campaign_id: UUID, change: Change) -> Campaign:
        """Append the birth of a campaign."""
        append = self._append(caller, campaign_id, New(), change)
        async with self._store.transaction() as connection:
            return await self._write(connection, None, append, change)

    async def execute(
        self, caller: Caller, campaign_id: UUID, decide: Decider, expect: Expect = any_version
    ) -> Campaign:
        """As ``revise``, for what changes nothing but the campaign's stream."""

        async def plan(campaign: Campaign) -> Change:
            return Change(events=decide(campaign))

        return await self.revise(caller, campaign_id, plan, expect)

    async def revise(
        self, caller: Caller, campaign_id: UUID, plan: Planner, expect: Expect = any_version
    ) -> Campaign:
        """Load, plan, append; plans anew while other writers come first. Answers the campaign after it.

        Raises what ``plan`` and ``expect`` raise, ``Refused`` ``not-found`` or ``campaign-changed``.
        """
        for _ in range(ATTEMPTS):
            campaign = await self.load(caller.workspace_id, campaign_id)
            expect(campaign.version)
            change = await plan(campaign)
            if not change.events:
                return campaign
            try:
                return await self.swap(caller, campaign, change)
            except StreamMoved:
                continue
        raise Refused("campaign-changed", "Others keep changing this campaign. Read it again, then repeat.")

    async def swap(
        self, caller: Caller, campaign: Campaign, change: Change, connection: Connection | None = None
    ) -> Campaign:
        """Append to the campaign as it was read, in a transaction of its own or in the caller's.

        Answers the campaign after it. Raises ``StreamMoved`` or ``Superseded``; nothing is stored then.
        """
        append = self._append(caller, campaign.id, At(campaign.version), change)
        if connection is not None:
            return await self._write(connection, campaign, append, change)
        async with self._store.transaction() as own:
            return await self._write(own, campaign, append, change)

    def _append(self, caller: Caller, campaign_id: UUID, expected: At | New, change: Change) -> Append:
        stream = streams.campaign(campaign_id)
        own = StreamWrite(
            stream=stream, expected=expected, events=change.events, raise_fence=change.raise_fence
        )
        return Append(
            workspace_id=caller.workspace_id,
            writes=(*change.ahead, own, *change.also),
            context=caller.context(self._clock, change.epoch),
            guard=None if change.epoch is None else Guard(stream, change.epoch),
        )

    async def _write(
        self, connection: Connection, before: Campaign | None, append: Append, change: Change
    ) -> Campaign:
        if before is not None and before.attempts:  # else it has no gate
            await self._gates.hold_campaign(connection, append.workspace_id, before.id)
        [outcome] = await self._store.append_in(connection, [append])
        match outcome:
            case Appended():
                ahead = sum(len(write.events) for write in change.ahead)
                own = as_recorded(append, outcome)[ahead : ahead + len(change.events)]
                after = fold(own, before)
            case Fenced(epoch=epoch, fence=fence):
                raise Superseded(epoch, fence)
            case Conflict() | _:
                raise StreamMoved
        if after is None:
            raise ValueError("a campaign's stream begins with its creation")
        if after.attempts:
            await self._gates.set_campaign(connection, append.workspace_id, after)
        if before is not None and after.launch_at != before.launch_at:
            await schedule.follow(connection, append.workspace_id, after)
        if change.beside is not None:
            await change.beside(connection, after)
        return after
