"""Claiming: what may be sent now is taken, charged to every limit, and its intents committed, in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

import structlog
from msgspec import Struct

from domain import streams
from domain.breaker import FAILURES_IN_A_ROW
from domain.campaign.decide import RecordRefusal
from domain.campaign.decide import decide as decide_campaign
from domain.lead.decide import BeginSend, intend
from domain.lead.state import Lead, evolve
from domain.pacing import Allowance, Gaps
from domain.refusal import Refused
from domain.sequence import Action
from service.caller import Caller
from service.campaigns.repository import Campaigns
from service.clock import Clock
from service.database.pool import OUTAGES, Connection, Pool
from service.database.statements import statements
from service.dispatch import due as due_table
from service.dispatch import quotas
from service.dispatch.allowances import allowance_of, hours_of
from service.dispatch.due import Due, Key
from service.dispatch.leads import read_leads
from service.dispatch.limits import LaneKey, Limits
from service.dispatch.suppressions import Suppressions
from service.dispatch.unsubscribing import Unsubscribing
from service.ids import new_id
from service.store.appends import Append, Appended, At, Fenced, Guard, New, StreamWrite, as_recorded
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("claims.sql"))
_log = structlog.get_logger(__name__)

K = TypeVar("K", Key, LaneKey)


class Claim(Struct, frozen=True):
    """A send this worker has committed to: the due row, the lead with its open send, and where its stream stands."""

    due: Due
    lead: Lead
    version: int
    epoch: int
    send_id: UUID
    intent_id: UUID


class _Candidate(Struct, frozen=True):
    """A due row with the append of its intent."""

    due: Due
    lead: Lead
    append: Append


class Claims:
    """Takes due leads for one worker."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        campaigns: Campaigns,
        suppressions: Suppressions,
        unsubscribing: Unsubscribing,
        clock: Clock,
        worker_id: UUID,
        shards: int,
        gaps: Gaps,
    ) -> None:
        """``gaps`` are the least times between two sends of one sender."""
        self._pool = pool
        self._store = store
        self._campaigns = campaigns
        self._suppressions = suppressions
        self._unsubscribing = unsubscribing
        self._clock = clock
        self._worker_id = worker_id
        self._shards = shards
        self._gaps = gaps
        self._unheard: Sequence[Claim] = ()
        """Claims of which nobody knows whether they were committed: the connection broke before the answer came."""

    @property
    def has_unheard(self) -> bool:
        """Whether claims may have been committed that were not handed out yet; the next call of ``claim`` finds out."""
        return bool(self._unheard)

    async def begin_generation(self, shard: int) -> int:
        """Take a shard's chain over: claims of its older generations are refused from here on."""
        async with self._pool.acquire() as connection:
            generation: int = await _queries.begin_generation(connection, shard=shard)
        return generation

    async def has_work(self, shard: int) -> bool:
        """Whether a claim would find something: a look that is cheaper than a claim, and needs no places for sends."""
        if self._unheard:
            return True
        async with self._pool.acquire() as connection:
            # Whom it finds it locks, for no longer than the statement takes.
            return bool([sender async for sender in self._free_senders(connection, shard, self._clock.now())])

    async def claim(self, shard: int, generation: int, at_most: int) -> list[Claim] | None:
        """Commit to up to ``at_most`` sends of a shard; None when something is due but the generation is over.

        When it raises, the claims may have been committed all the same. The next call finds out and hands those out.
        """
        if self._unheard:
            return await self._take_up(at_most)
        refused: dict[Key, int] = {}
        claims: list[Claim] = []
        try:
            async with self._store.transaction() as connection:
                now = self._clock.now()
                limits = Limits(now, self._gaps)
                await self._admit_senders(connection, shard, limits)
                if not limits.senders:  # nothing was locked, so that the commit has nothing to flush
                    return []
                if not await _queries.hold_generation(connection, shard=shard, generation=generation):
                    return None
                epochs = await self._lock_gates(connection, limits)
                due = await self._due(connection, limits.open_lanes(at_most), now)
                chosen = limits.share(await self._without_unwanted(connection, due), at_most)
                claims = await self._commit_to(connection, chosen, epochs, refused)
                await self._settle(connection, claims, limits)
        except OUTAGES:
            self._unheard = claims
            raise
        for campaign, epoch in refused.items():
            await self._record_refusal(campaign, epoch)
        return claims

    async def _take_up(self, at_most: int) -> list[Claim]:
        """The unheard claims that were committed. Nobody else looks for them, as long as this worker lives."""
        keys = [claim.due.key for claim in self._unheard]
        send_ids = [claim.send_id for claim in self._unheard]
        async with self._store.transaction() as connection:
            # The server may be at the very commit whose client is gone: it holds these rows until it is done.
            await due_table.hold(connection, keys)
            rows = _queries.taken(connection, worker_id=self._worker_id, send_ids=send_ids)
            committed = {row["send_id"] async for row in rows}
        found = [claim for claim in self._unheard if claim.send_id in committed]
        self._unheard = found[at_most:]
        _log.warning("unheard_claims_taken_up", committed=len(found), of=len(send_ids))
        return found[:at_most]

    async def _admit_senders(self, connection: Connection, shard: int, limits: Limits) -> None:
        """Lock the senders of the shard that may send now and have something due."""
        async for row in self._free_senders(connection, shard, limits.now):
            limits.admit_sender((row["workspace_id"], row["sender_id"]), allowance_of(row))

    def _free_senders(
        self, connection: Connection, shard: int, now: datetime
    ) -> AsyncIterator[Mapping[str, Any]]:
        rows: AsyncIterator[Mapping[str, Any]] = _queries.free_senders(
            connection, shard=shard, shards=self._shards, failures=FAILURES_IN_A_ROW, now=now
        )
        return rows

    async def _lock_gates(self, connection: Connection, limits: Limits) -> dict[Key, int]:
        """Lock what else the claim counts against; answers the epochs of the campaigns that may send."""
        now = limits.now
        workspace_ids, sender_ids = _columns(limits.senders, 2)
        await quotas.admit(connection, limits)
        epochs: dict[Key, int] = {}
        rows = _queries.free_campaigns(
            connection, workspace_ids=workspace_ids, sender_ids=sender_ids, now=now
        )
        async for row in rows:
            key = (row["workspace_id"], row["campaign_id"])
            limits.admit_campaign(key, allowance_of(row), hours_of(row))
            epochs[key] = row["epoch"]
        campaigns_of, campaign_ids = _columns(epochs, 2)
        rows = _queries.free_lanes(
            connection,
            workspace_ids=workspace_ids,
            sender_ids=sender_ids,
            campaigns_of=campaigns_of,
            campaign_ids=campaign_ids,
            now=now,
        )
        async for row in rows:
            limits.admit_lane((row["workspace_id"], row["sender_id"], row["campaign_id"]), allowance_of(row))
        return epochs

    async def _due(
        self, connection: Connection, open_lanes: Mapping[tuple[LaneKey, Action], int], now: datetime
    ) -> list[Due]:
        """What is due for each action in those lanes, as many as are left; locked, the longest due first."""
        if not open_lanes:
            return []
        workspace_ids, sender_ids, campaign_ids = _columns((lane for lane, _ in open_lanes), 3)
        rows = _queries.due_leads(
            connection,
            workspace_ids=workspace_ids,
            sender_ids=sender_ids,
            campaign_ids=campaign_ids,
            actions=[action for _, action in open_lanes],
            at_most=list(open_lanes.values()),
            now=now,
        )
        return [Due(*row.values()) async for row in rows]

    async def _without_unwanted(self, connection: Connection, due: Sequence[Due]) -> list[Due]:
        """The rows but for people who were suppressed while a launch planned for them: those leads end here."""
        gone = await self._suppressions.unwanted(connection, {row.person for row in due}) if due else {}
        ended = {row.key: gone[row.person] for row in due if row.person in gone}
        if ended:
            await self._unsubscribing.end(connection, ended, "worker", new_id())
            await due_table.drop(connection, ended)
        return [row for row in due if row.person not in gone]

    async def _record_refusal(self, campaign: Key, epoch: int) -> None:
        """Keep that sends of an older launch attempt were refused. Writing it sets the gate right, too."""
        workspace_id, campaign_id = campaign
        try:
            await self._campaigns.execute(
                Caller(workspace_id, "worker", new_id()),
                campaign_id,
                lambda now: decide_campaign(now, RecordRefusal(epoch=epoch, write="send")),
            )
        except (Refused, *OUTAGES) as error:
            # The claims beside it are committed and must be sent; the gate is still wrong, so this comes up again.
            _log.error("refusal_not_recorded", campaign_id=str(campaign_id), error=type(error).__name__)

    async def _commit_to(
        self,
        connection: Connection,
        chosen: Sequence[Due],
        epochs: Mapping[Key, int],
        refused: dict[Key, int],
    ) -> list[Claim]:
        """Append the intents; leads whose streams moved meanwhile stay due.

        Adds to ``refused`` the campaigns whose gate had the epoch of an older launch attempt.
        """
        if not chosen:
            return []
        candidates = await self._candidates(connection, chosen, epochs)
        outcomes = await self._store.append_in(connection, [candidate.append for candidate in candidates])
        claims: list[Claim] = []
        for candidate, outcome in zip(candidates, outcomes, strict=True):
            match outcome:
                case Appended():
                    claims.append(_claim(candidate, outcome))
                case Fenced(fence=fence, epoch=epoch):
                    _log.error("send_fenced", lead_id=str(candidate.due.lead_id), epoch=epoch, fence=fence)
                    refused[candidate.due.workspace_id, candidate.due.campaign_id] = epoch
                case _:
                    _log.info("lead_moved_before_claim", lead_id=str(candidate.due.lead_id))
        return claims

    async def _candidates(
        self, connection: Connection, chosen: Sequence[Due], epochs: Mapping[Key, int]
    ) -> list[_Candidate]:
        histories = await read_leads(self._store, connection, [due.key for due in chosen])
        candidates: list[_Candidate] = []
        for due in chosen:
            lead, version = histories[due.key]
            epoch = epochs[due.workspace_id, due.campaign_id]
            try:
                candidates.append(_Candidate(due, lead, self._intent(due, lead, version, epoch)))
            except Refused as refused:
                # The due table follows the log; where they differ the log is right and nothing is sent.
                _log.error("due_row_refused", lead_id=str(due.lead_id), code=refused.code)
                await due_table.drop(connection, [due.key])
        return candidates

    def _intent(self, due: Due, lead: Lead, version: int, epoch: int) -> Append:
        command = BeginSend(
            campaign_id=due.campaign_id,
            send_id=new_id(),
            node_id=due.node_id,
            sender_id=due.sender_id,
            action=cast(Action, due.task),
        )
        intent = intend(lead, command)
        caller = Caller(due.workspace_id, "worker", intent.send_id)
        return Append(
            workspace_id=due.workspace_id,
            writes=(
                StreamWrite(
                    stream=streams.lead(due.lead_id),
                    expected=At(version) if version else New(),
                    events=(intent,),
                ),
            ),
            context=caller.context(self._clock, epoch),
            guard=Guard(streams.campaign(due.campaign_id), epoch),
        )

    async def _settle(self, connection: Connection, claims: Sequence[Claim], limits: Limits) -> None:
        """Mark the rows of the claims, and store what has become of the allowances."""
        await _queries.settle(
            connection,
            worker_id=self._worker_id,
            leads_of=[claim.due.workspace_id for claim in claims],
            leads=[claim.due.lead_id for claim in claims],
            send_ids=[claim.send_id for claim in claims],
            **_charges("sender", ("senders_of", "senders"), limits.senders.changed()),
            **_charges("campaign", ("campaigns_of", "campaigns"), limits.campaigns.changed()),
            **_charges("lane", ("lanes_of", "lane_senders", "lane_campaigns"), limits.lanes.changed()),
        )
        await quotas.write_back(connection, limits)


def _claim(candidate: _Candidate, outcome: Appended) -> Claim:
    [intent] = as_recorded(candidate.append, outcome)
    lead = evolve(candidate.lead, intent.event, intent.recorded_at)
    return Claim(
        candidate.due,
        lead,
        intent.version,
        candidate.append.context.epoch or 0,
        candidate.append.context.correlation_id,
        intent.event_id,
    )


def _columns(keys: Iterable[tuple[UUID, ...]], width: int) -> list[list[UUID]]:
    """Rows of keys as columns, which is how SQL takes them."""
    columns: list[list[UUID]] = [[] for _ in range(width)]
    for key in keys:
        for column, value in zip(columns, key, strict=True):
            column.append(value)
    return columns


def _charges(what: str, names: Sequence[str], allowances: Mapping[K, Allowance]) -> dict[str, list[object]]:
    """Allowances as columns: their keys under ``names``, then what was used of them."""
    columns: dict[str, list[object]] = dict(
        zip(names, map(list, _columns(allowances, len(names))), strict=True)
    )
    used = list(allowances.values())
    columns[f"{what}_days"] = [allowance.day for allowance in used]
    columns[f"{what}_sent"] = [allowance.sent_today for allowance in used]
    columns[f"{what}_free_ats"] = [allowance.next_free_at for allowance in used]
    return columns
