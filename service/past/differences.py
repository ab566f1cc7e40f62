"""What changed on a campaign between two moments: what it is, its sequence, its leads and their counts, and by what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from domain import streams
from domain.campaign.events import TextRef
from domain.campaign.state import Campaign
from domain.lead.events import LeadStatus
from domain.refusal import FieldError, Invalid
from domain.sequence import Node
from projections.leads import CampaignCount, CountKind
from service.campaigns.texts import node_documents, settings_documents
from service.database.pool import Pool
from service.past.campaigns import PastCampaign, PastCampaigns
from service.past.leads import PastLead, PastLeads, count
from service.past.moments import Moment
from service.store.history import History, Written
from service.texts import NodeWords, Words, unpack
from service.vault import Vault

MOST_LEADS: Final = 1000
MOST_EVENTS: Final = 100
"""So many of them are told one by one; all are counted."""
_PAGE: Final = 500


class FieldChange(Struct, frozen=True):
    """A field of the campaign that has another value. An erased text is null."""

    field: str
    before: Any
    after: Any


class NodeDifference(Struct, frozen=True):
    """A node that was added (nothing `before`), removed (nothing `after`), moved or edited."""

    node_id: UUID
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class CountChange(Struct, frozen=True):
    """Leads by `status`, by current `node` or by `milestone`, or `sends` by node, whose number is another."""

    kind: CountKind
    key: str
    before: int
    after: int


class LeadChange(Struct, frozen=True):
    """A lead of another status; null when it was not on the campaign."""

    lead_id: UUID
    before: LeadStatus | None
    after: LeadStatus | None


class Difference(Struct, frozen=True, kw_only=True):
    """What is not the same at two versions of a campaign.

    ``leads`` and ``events`` (of the campaign and its roster) are the first of ``leads_changed`` and ``events_between``.
    """

    from_version: int
    to_version: int
    fields: list[FieldChange]
    nodes: list[NodeDifference]
    counts: list[CountChange]
    leads_changed: int
    leads: list[LeadChange]
    events_between: int
    events: list[Written]


class Differences:
    """Compares a campaign with what it was."""

    def __init__(
        self, pool: Pool, vault: Vault, campaigns: PastCampaigns, leads: PastLeads, history: History
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._campaigns = campaigns
        self._leads = leads
        self._history = history

    async def between(
        self, workspace_id: UUID, campaign_id: UUID, earlier: Moment, later: Moment
    ) -> Difference:
        """What changed from one moment to another. Raises ``Refused`` ``not-found``, and ``Invalid``."""
        before = await self._campaigns.at(workspace_id, campaign_id, earlier)
        after = await self._campaigns.at(workspace_id, campaign_id, later)
        if before.campaign.version > after.campaign.version:
            raise Invalid(FieldError("from", "'from' is later than 'to'; exchange them."))
        texts = await self._texts(workspace_id, before.campaign, after.campaign)
        leads = _LeadChanges()
        async with aclosing(self._leads.at(workspace_id, campaign_id, before.cut, after.cut)) as found:
            async for lead in found:
                leads.take(lead)
        events_between, events = await self._events(workspace_id, campaign_id, before, after)
        return Difference(
            from_version=before.campaign.version,
            to_version=after.campaign.version,
            fields=list(_field_changes(before.campaign, after.campaign, texts)),
            nodes=list(_node_changes(before.campaign, after.campaign, texts)),
            counts=list(leads.counts()),
            leads_changed=leads.changed,
            leads=leads.first,
            events_between=events_between,
            events=events,
        )

    async def _texts(self, workspace_id: UUID, *campaigns: Campaign) -> Mapping[UUID, bytes]:
        """What the vault still has of them."""
        documents = {
            document
            for campaign in campaigns
            for document in (*settings_documents(campaign), *node_documents(campaign))
        }
        async with self._pool.acquire() as connection:
            return await self._vault.open_many(connection, workspace_id, documents)

    async def _events(
        self, workspace_id: UUID, campaign_id: UUID, before: PastCampaign, after: PastCampaign
    ) -> tuple[int, list[Written]]:
        names = [streams.campaign(campaign_id), streams.roster(campaign_id)]
        number, first, position = 0, list[Written](), 0
        while page := await self._history.of_streams(workspace_id, names, position, _PAGE):
            for event in page:
                place = event.position, event.recorded_at
                if after.cut.holds(*place) and not before.cut.holds(*place):
                    number += 1
                    first += [event] if number <= MOST_EVENTS else []
            position = page[-1].position
            if position >= after.cut.position:
                break
        return number, first


class _LeadChanges:
    """The leads that differ, and what all of them add up to."""

    def __init__(self) -> None:
        self.changed = 0
        self.first: list[LeadChange] = []
        self._counters: tuple[Counter[CampaignCount], Counter[CampaignCount]] = (Counter(), Counter())

    def take(self, lead: PastLead) -> None:
        """Take one more lead into account, at both moments."""
        count(self._counters, lead)
        before, after = (None if standing is None else standing.lead.status for standing in lead.standings)
        if before != after:
            self.changed += 1
            if self.changed <= MOST_LEADS:
                self.first.append(LeadChange(lead.lead_id, before, after))

    def counts(self) -> Iterator[CountChange]:
        """The sums that differ."""
        before, after = self._counters
        for name in sorted(before.keys() | after.keys(), key=lambda name: name[2:]):
            if before[name] != after[name]:
                yield CountChange(name[2], name[3], before[name], after[name])


def _field_changes(before: Campaign, after: Campaign, texts: Mapping[UUID, bytes]) -> Iterator[FieldChange]:
    was, is_now = _fields(before, texts), _fields(after, texts)
    for name, value in was.items():
        if value != is_now[name]:
            yield FieldChange(name, value[-1], is_now[name][-1])


def _fields(campaign: Campaign, texts: Mapping[UUID, bytes]) -> dict[str, Sequence[Any]]:
    """What is compared of each field; the last of it is what is shown. Texts differ when their documents do."""
    settings = {name: getattr(campaign.settings, name) for name in campaign.settings.__struct_fields__}
    own = {name: getattr(campaign, name) for name in _OWN_FIELDS}
    return {
        name: (value, _words(value, texts)) if isinstance(value, TextRef) else (msgspec.to_builtins(value),)
        for name, value in {**settings, **own}.items()
    }


_OWN_FIELDS: Final = ("status", "pause_reason", "launch_at", "launched_at", "total", "skipped", "lead_count")


def _words(ref: TextRef, texts: Mapping[UUID, bytes]) -> str | None:
    document = texts.get(ref.document_id)
    return None if document is None else unpack(document, Words).text


def _node_changes(before: Campaign, after: Campaign, texts: Mapping[UUID, bytes]) -> Iterator[NodeDifference]:
    was = {node.id: (position, node) for position, node in enumerate(before.nodes)}
    is_now = {node.id: (position, node) for position, node in enumerate(after.nodes)}
    for node_id in {**was, **is_now}:
        old, new = was.get(node_id), is_now.get(node_id)
        if old != new:
            yield NodeDifference(node_id, old and _node(*old, texts), new and _node(*new, texts))


def _node(position: int, node: Node, texts: Mapping[UUID, bytes]) -> dict[str, Any]:
    """A node, with its texts in the place of what the log says of them."""
    fields: dict[str, Any] = msgspec.to_builtins(node)
    document = texts.get(node.text.document_id) if node.text else None
    words = NodeWords() if document is None else unpack(document, NodeWords)
    del fields["text"], fields["id"]
    return {"position": position, **fields, "subject": words.subject or None, "body": words.body or None}
