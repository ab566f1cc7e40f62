"""The leads of a campaign as they stood at a moment: folded from the log, by the rules of the read model of leads.

However many leads there are, only some are held in memory: the roster is read once for each slice of them, the leads'
own streams batch by batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain import streams
from domain.event import Recorded
from domain.lead.events import Fact, ImportedLead
from projections.leads import LEADS, CampaignCount, TrackedLead, campaign_counts
from service.database.pool import Pool
from service.database.statements import statements
from service.past.moments import Cut
from service.store.codec import Codec

_queries: Any = statements(Path(__file__).with_name("leads.sql"))

SLICE: Final = 50_000
"""Of so many leads what the roster tells is held at once."""
BATCH: Final = 500
"""Of so many leads everything is held at once."""
_PAGE: Final = 10

_Told: TypeAlias = tuple[Recorded, Fact]


class PastLead(Struct, frozen=True):
    """A lead that was on the campaign some time, and how it stood at each of some cuts (None: it was not on it)."""

    workspace_id: UUID
    lead_id: UUID
    standings: Sequence[TrackedLead | None]


class PastLeads:
    """Folds leads from the log."""

    def __init__(self, pool: Pool, codec: Codec) -> None:
        self._pool = pool
        self._codec = codec

    async def at(self, workspace_id: UUID, campaign_id: UUID, *cuts: Cut) -> AsyncGenerator[PastLead]:
        """All leads the campaign had up to the last of the ``cuts``, in the order in which they joined it."""
        upto, first, more = max(cut.position for cut in cuts), 0, True
        while more:
            told, more = await self._told_by_roster(workspace_id, campaign_id, first, upto)
            first += SLICE
            for batch in _batches(list(told), BATCH):
                own = await self._told_by_leads(workspace_id, batch, upto)
                for lead_id in batch:
                    facts = sorted(chain(told[lead_id], own.get(lead_id, ())), key=_position)
                    standings = [_standing(workspace_id, lead_id, facts, cut) for cut in cuts]
                    yield PastLead(workspace_id, lead_id, standings)

    async def counts(
        self, workspace_id: UUID, campaign_id: UUID, *cuts: Cut
    ) -> list[Mapping[CampaignCount, int]]:
        """What the leads added up to at each of the ``cuts``."""
        counters: list[Counter[CampaignCount]] = [Counter() for _ in cuts]
        async with aclosing(self.at(workspace_id, campaign_id, *cuts)) as leads:
            async for lead in leads:
                count(counters, lead)
        return list(counters)

    async def _told_by_roster(
        self, workspace_id: UUID, campaign_id: UUID, first: int, upto: int
    ) -> tuple[dict[UUID, list[_Told]], bool]:
        """What the roster tells of a slice of leads, from number ``first`` on; and whether there are more."""
        told: dict[UUID, list[_Told]] = {}
        more = False
        async for recorded in self._roster(workspace_id, campaign_id, upto):
            for lead_id, fact in LEADS.facts(recorded):
                if isinstance(fact, ImportedLead):
                    more |= fact.ordinal >= first + SLICE
                    if first <= fact.ordinal < first + SLICE:
                        told[lead_id] = []
                if lead_id in told:
                    told[lead_id].append((recorded, fact))
        return told, more

    async def _roster(self, workspace_id: UUID, campaign_id: UUID, upto: int) -> AsyncIterator[Recorded]:
        stream, after = streams.roster(campaign_id), 0
        while page := await self._read(
            _queries.roster_page,
            workspace_id=workspace_id,
            stream=stream,
            after=after,
            upto=upto,
            at_most=_PAGE,
        ):
            for recorded in page:
                yield recorded
            after = page[-1].version

    async def _told_by_leads(
        self, workspace_id: UUID, lead_ids: Sequence[UUID], upto: int
    ) -> dict[UUID, list[_Told]]:
        names = [streams.lead(lead_id) for lead_id in lead_ids]
        told: dict[UUID, list[_Told]] = {}
        for recorded in await self._read(
            _queries.events_of_leads, workspace_id=workspace_id, streams=names, upto=upto
        ):
            for lead_id, fact in LEADS.facts(recorded):
                told.setdefault(lead_id, []).append((recorded, fact))
        return told

    async def _read(self, query: Any, **arguments: object) -> list[Recorded]:
        async with self._pool.acquire() as connection:
            return [self._codec.recorded(row) async for row in query(connection, **arguments)]


def count(counters: Sequence[Counter[CampaignCount]], lead: PastLead) -> None:
    """Add a lead to what is counted, at each cut."""
    for counter, standing in zip(counters, lead.standings, strict=True):
        if standing is not None:
            counter.update(campaign_counts((lead.workspace_id, lead.lead_id), standing))


def _standing(workspace_id: UUID, lead_id: UUID, facts: Sequence[_Told], cut: Cut) -> TrackedLead | None:
    tracked: TrackedLead | None = None
    for recorded, fact in takewhile(lambda told: cut.holds(told[0].position, told[0].recorded_at), facts):
        tracked = LEADS.evolve((workspace_id, lead_id), tracked, fact, recorded)
    return tracked


def _position(told: _Told) -> int:
    return told[0].position


def _batches(lead_ids: Sequence[UUID], size: int) -> Iterator[list[UUID]]:
    rest = iter(lead_ids)
    while batch := list(islice(rest, size)):
        yield batch
