"""Bounces: counted with the outcomes they are, and a campaign that has too many of them is paused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from domain.bounce_guard import GuardRule, Tally
from domain.campaign.decide import Guard, decide
from domain.campaign.state import Campaign
from domain.event import Event
from domain.lead.events import MailBounced, SendAccepted, SendRefused
from domain.quota import hour_of
from domain.refusal import Refused
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change
from service.clock import Clock
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.dispatch.due import Key
from service.ids import new_id

_queries: Any = statements(Path(__file__).with_name("bounces.sql"))
_log = structlog.get_logger(__name__)


async def count(connection: Connection, stored: Iterable[tuple[Key, Sequence[Event]]], now: datetime) -> None:
    """Count the verdicts among the stored events of campaigns, in their transaction: the last of it, after its streams.

    A mail that comes back was counted as sent when it was taken over.
    """
    sent: Counter[Key] = Counter()
    bounced: Counter[Key] = Counter()
    for campaign, events in stored:
        refusals = sum(isinstance(event, SendRefused) for event in events)
        sent[campaign] += refusals + sum(isinstance(event, SendAccepted) for event in events)
        bounced[campaign] += refusals + sum(isinstance(event, MailBounced) for event in events)
    counted = [campaign for campaign in sent if sent[campaign] or bounced[campaign]]
    if counted:
        await _queries.count(
            connection,
            workspace_ids=[workspace_id for workspace_id, _ in counted],
            campaign_ids=[campaign_id for _, campaign_id in counted],
            hour=hour_of(now),
            sent=[sent[campaign] for campaign in counted],
            bounced=[bounced[campaign] for campaign in counted],
        )


async def begin_anew(connection: Connection, workspace_id: UUID, campaign_id: UUID) -> None:
    """The campaign is resumed, in this transaction: the guard looks back no further than to here."""
    await _queries.begin_anew(connection, workspace_id=workspace_id, campaign_id=campaign_id)


class BounceGuard:
    """Pauses campaigns by the one rule; safe to run in many workers at once."""

    def __init__(self, pool: Pool, campaigns: Campaigns, clock: Clock, rule: GuardRule) -> None:
        self._pool = pool
        self._campaigns = campaigns
        self._clock = clock
        self._rule = rule

    async def round(self) -> None:
        """Look once at every active campaign that has bounces, and drop the hours that are looked back to no more."""
        async with self._pool.acquire() as connection:
            await _queries.forget(connection, before=self._since())
            rows = _queries.suspects(connection, since=self._since(), least_sent=self._rule.least_sent)
            suspects = [(row["workspace_id"], row["campaign_id"]) async for row in rows]
        for workspace_id, campaign_id in suspects:
            try:
                await self._guard(Caller(workspace_id, "sweeper", new_id()), campaign_id)
            except Refused as refused:
                _log.info("not_guarded", campaign_id=str(campaign_id), code=refused.code)

    async def _guard(self, caller: Caller, campaign_id: UUID) -> None:
        async def plan(campaign: Campaign) -> Change:
            # Counted after the campaign was read: if it is resumed in between, it is read and counted anew.
            tally = await self._tally(caller.workspace_id, campaign_id)
            return Change(events=decide(campaign, Guard(tally=tally, rule=self._rule)))

        campaign = await self._campaigns.revise(caller, campaign_id, plan)
        if campaign.pause_reason == "bounce-guard":
            _log.warning("campaign_paused_for_bounces", campaign_id=str(campaign_id))

    async def _tally(self, workspace_id: UUID, campaign_id: UUID) -> Tally:
        async with self._pool.acquire() as connection:
            row = await _queries.tally(
                connection, workspace_id=workspace_id, campaign_id=campaign_id, since=self._since()
            )
        return Tally(row["sent"], row["bounced"])

    def _since(self) -> datetime:
        """The first hour of the window; it counts whole."""
        return hour_of(self._clock.now() - timedelta(days=self._rule.days))
