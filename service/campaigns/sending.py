"""Why a campaign is sending or is not, for each of its sender accounts, read at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from msgspec import Struct

from domain.campaign.events import Status
from domain.campaign.state import Campaign
from domain.pacing import Lane
from domain.quota import Quota
from domain.schedule import OperatingHours
from domain.sender.state import Sender
from domain.sending_status import Due, SendingStatus, Situation, sending_status
from domain.sequence import Action
from service.campaigns.repository import Campaigns
from service.clock import Clock
from service.database.pool import Connection, Pool, one_moment
from service.database.statements import statements
from service.dispatch import quotas
from service.dispatch.allowances import allowance_of, hours_of
from service.senders.repository import Senders
from service.setbacks.marks import all_accepted

_queries: Any = statements(Path(__file__).with_name("sending.sql"))


class Sending(Struct, frozen=True):
    """What each sender account of a campaign is doing at ``at``, in the order of the campaign's accounts."""

    campaign_status: Status
    at: datetime
    senders: Mapping[UUID, SendingStatus]


class _Tables(Struct, frozen=True, kw_only=True):
    """What the dispatch says at one moment."""

    hours: OperatingHours | None
    usable: Mapping[UUID, bool]
    lanes: Mapping[UUID, Lane]
    quotas: Mapping[UUID, Mapping[Action, Quota]]
    due: Mapping[UUID, Due]
    engine_alive: bool
    set_back: bool


class SendingReading:
    """Reads what the rule is asked about."""

    def __init__(
        self, pool: Pool, campaigns: Campaigns, senders: Senders, clock: Clock, worker_dead_after: timedelta
    ) -> None:
        """A worker without a sign of life for ``worker_dead_after`` is taken for dead."""
        self._pool = pool
        self._campaigns = campaigns
        self._senders = senders
        self._clock = clock
        self._worker_dead_after = worker_dead_after

    async def of(self, workspace_id: UUID, campaign_id: UUID) -> Sending:
        """Why the campaign is sending or is not. Raises ``Refused`` ``not-found``."""
        now = self._clock.now()
        async with one_moment(self._pool) as connection:
            campaign = await self._campaigns.load(workspace_id, campaign_id, connection)
            accounts = campaign.settings.sender_account_ids
            senders = await self._senders.load_many(workspace_id, accounts, connection)
            tables = await self._read(connection, workspace_id, campaign_id, now)
        found = {id_: _situation(campaign, id_, senders.get(id_), tables) for id_ in accounts}
        told = {id_: sending_status(situation, now) for id_, situation in found.items()}
        return Sending(campaign.status, now, told)

    async def _read(
        self, connection: Connection, workspace_id: UUID, campaign_id: UUID, now: datetime
    ) -> _Tables:
        scope = {"workspace_id": workspace_id, "campaign_id": campaign_id}
        gate = await _queries.gate(connection, **scope)
        senders = {row["sender_id"]: row async for row in _queries.senders(connection, **scope)}
        own = {row["sender_id"]: allowance_of(row) async for row in _queries.lanes(connection, **scope)}
        found = await quotas.read(connection, ((workspace_id, sender_id) for sender_id in senders))
        last_beat = await _queries.last_beat(connection)
        return _Tables(
            hours=hours_of(gate) if gate else None,
            usable={sender_id: row["usable"] for sender_id, row in senders.items()},
            lanes={
                sender_id: Lane(allowance_of(row), allowance_of(gate), own[sender_id], timedelta())
                for sender_id, row in senders.items()
            },
            quotas=quotas.by_sender(found),
            due=await self._due(connection, scope),
            engine_alive=last_beat is not None and last_beat >= now - self._worker_dead_after,
            set_back=not await all_accepted(connection),
        )

    async def _due(self, connection: Connection, scope: Mapping[str, UUID]) -> dict[UUID, Due]:
        first: dict[UUID, dict[str, datetime]] = {}
        async for row in _queries.waiting(connection, **scope):
            first.setdefault(row["sender_id"], {})[row["task"]] = row["due_at"]
        flying = {row["sender_id"] async for row in _queries.in_flight(connection, **scope)}
        return {
            sender_id: _due(first.get(sender_id, {}), sender_id in flying)
            for sender_id in first.keys() | flying
        }


def _situation(campaign: Campaign, sender_id: UUID, sender: Sender | None, tables: _Tables) -> Situation:
    return Situation(
        campaign_status=campaign.status,
        pause_reason=campaign.pause_reason,
        launch_at=campaign.launch_at,
        sender_status=None if sender is None else sender.status,
        usable=tables.usable.get(sender_id, False),
        engine_alive=tables.engine_alive,
        set_back=tables.set_back,
        due=tables.due.get(sender_id, Due()),
        hours=tables.hours,
        lane=tables.lanes.get(sender_id),
        quotas=tables.quotas.get(sender_id, {}),
    )


def _due(first: Mapping[str, datetime], in_flight: bool) -> Due:
    waits = {"time_out", "trace"}
    return Due(
        waiting={cast(Action, task): due_at for task, due_at in first.items() if task not in waits},
        connection_by=first.get("time_out"),
        trace_at=first.get("trace"),
        in_flight=in_flight,
    )
