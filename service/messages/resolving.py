"""Resolving: every template of the sequence is filled in for every lead, and what can't be is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct, field

from domain.campaign.state import Campaign
from domain.lead.events import ImportedLead
from domain.message_draft import DRAFTS_AN_EVENT, Drafts, keeps
from domain.sequence import Nodes, template_nodes
from domain.templating import Unresolved
from service.caller import Caller
from service.campaigns.repository import Expect, any_version
from service.database.pool import Connection
from service.messages import table
from service.messages.table import Roll
from service.messages.templates import profiles_of, words_of
from service.messages.writing import DraftWriting, NewDraft
from service.texts import NodeWords, filled
from service.vault import Vault

SHOWN_GAPS: Final = 100


class Gap(Struct, frozen=True):
    """A text that can't be written to a lead, for it has no value for the variable."""

    lead_id: UUID
    node_id: UUID
    variable: str


class Resolved(Struct, frozen=True, kw_only=True):
    """How many drafts are new or different, how many stay, how many can't be resolved, and the first of those."""

    written: int = 0
    kept: int = 0
    unresolved: int = 0
    gaps: tuple[Gap, ...] = ()


class _Part(Struct, frozen=True):
    """What became of some leads; ``through`` is the ordinal of the last of them, None when there were none."""

    through: int | None
    resolved: Resolved


class _Filling(Struct):
    """Templates filled in for some leads: the texts, how many places have words of their own, and the gaps."""

    drafts: list[NewDraft] = field(default_factory=list)
    kept: int = 0
    gaps: list[Gap] = field(default_factory=list)


class Resolving:
    """Fills templates in."""

    def __init__(self, vault: Vault, writing: DraftWriting) -> None:
        self._vault = vault
        self._writing = writing

    async def resolve(self, caller: Caller, campaign_id: UUID, expect: Expect = any_version) -> Resolved:
        """Fill in all templates for all leads, some leads a transaction. Drafts that were written for a lead stay.

        Raises what ``expect`` raises, and ``Refused`` ``not-found`` or ``campaign-not-draft``; what was written by then
        stays.
        """
        await self._writing.draft(caller.workspace_id, campaign_id, expect)
        total, after = Resolved(), -1
        while True:
            part = await self._resolve_part(caller, campaign_id, after)
            if part.through is None:
                return total
            total, after = _sum(total, part.resolved), part.through

    async def _resolve_part(self, caller: Caller, campaign_id: UUID, after: int) -> _Part:
        async def write(connection: Connection, campaign: Campaign) -> _Part:
            nodes = template_nodes(campaign.nodes)
            roll = Roll(caller.workspace_id, campaign_id)
            at_most = max(1, DRAFTS_AN_EVENT // max(1, len(nodes)))
            leads = await table.leads_after(connection, roll, after, at_most) if nodes else []
            if not leads:
                return _Part(None, Resolved())
            present = await table.drafts_of(connection, roll, [lead.lead_id for lead in leads])
            filling = await self._fill(connection, caller.workspace_id, nodes, leads, present)
            manuscript = self._writing.prepare(caller.workspace_id, present, filling.drafts)
            await self._writing.store(connection, caller, campaign, manuscript)
            written = len(manuscript.drafts)
            resolved = Resolved(
                written=written,
                kept=filling.kept + len(filling.drafts) - written,
                unresolved=len(filling.gaps),
                gaps=tuple(filling.gaps),
            )
            return _Part(leads[-1].ordinal, resolved)

        return await self._writing.transact(caller.workspace_id, campaign_id, write)

    async def _fill(
        self,
        connection: Connection,
        workspace_id: UUID,
        nodes: Nodes,
        leads: Sequence[ImportedLead],
        present: Drafts,
    ) -> _Filling:
        words = await words_of(connection, self._vault, workspace_id, nodes)
        profiles = await profiles_of(connection, self._vault, workspace_id, leads)
        filling = _Filling()
        for lead in leads:
            if lead.lead_id in profiles:
                _fill_for(lead, profiles[lead.lead_id].values(), words, present, filling)
        return filling


def _fill_for(
    lead: ImportedLead,
    values: Mapping[str, str],
    words: Mapping[UUID, NodeWords],
    present: Drafts,
    filling: _Filling,
) -> None:
    """Add what becomes of each template for one lead."""
    for node_id, template in words.items():
        if keeps(present.get((lead.lead_id, node_id)), "template"):
            filling.kept += 1
            continue
        try:
            text = filled(template, values)
        except Unresolved as unresolved:
            filling.gaps.append(Gap(lead.lead_id, node_id, unresolved.variable))
        else:
            filling.drafts.append(NewDraft(lead=lead, node_id=node_id, words=text, origin="template"))


def _sum(total: Resolved, part: Resolved) -> Resolved:
    return Resolved(
        written=total.written + part.written,
        kept=total.kept + part.kept,
        unresolved=total.unresolved + part.unresolved,
        gaps=(*total.gaps, *part.gaps)[:SHOWN_GAPS],
    )
