"""Drafts written by a language model: paid for in advance, charged for what was really written.

The price of the whole batch is reserved before any work. What came of it is settled in the transaction that writes the
drafts. If that can't be, everything goes back; if the process dies, housekeeping gives it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias
from uuid import UUID

from msgspec import Struct, field

from domain.campaign.state import Campaign
from domain.credits import Reserve, Settle, price
from domain.lead.events import ImportedLead
from domain.message_draft import Drafts, Origin, keeps
from domain.refusal import FieldError, Invalid, Refused
from domain.sequence import Node, prompt_nodes
from domain.templating import Unresolved
from service.caller import Caller
from service.campaigns.repository import Expect, any_version
from service.credits.repository import Credits
from service.database.pool import Connection, Pool
from service.ids import new_id
from service.messages import table
from service.messages.llm import Answer, Llm, Silence, Text
from service.messages.prompts import Prompt, prompt, words_in
from service.messages.resolving import Gap
from service.messages.table import Roll
from service.messages.templates import profiles_of, words_of
from service.messages.writing import DraftWriting, NewDraft
from service.vault import Vault

MAX_DRAFTS: Final = 100
"""The most drafts that one call writes."""

Failure: TypeAlias = Silence | Literal["superseded"]
"""Why a draft was not written; ``superseded``: lead, node or draft changed while the model was writing."""


class Failed(Struct, frozen=True):
    """A draft that was asked for and not written; nothing was charged for it."""

    lead_id: UUID
    node_id: UUID
    reason: Failure


class Generated(Struct, frozen=True, kw_only=True):
    """How many drafts were written and paid for, how many stay as they were, and what came to nothing."""

    written: int = 0
    kept: int = 0
    gaps: tuple[Gap, ...] = ()
    failed: tuple[Failed, ...] = ()
    charged: int = 0
    refunded: int = 0


class _Asked(Struct):
    """What a call comes down to: texts to be written, places that keep theirs, prompts that can't be filled in."""

    prompts: list[Prompt] = field(default_factory=list)
    kept: int = 0
    gaps: list[Gap] = field(default_factory=list)


class Generating:
    """Has drafts written. ``llm`` is None when none is configured."""

    def __init__(
        self, pool: Pool, vault: Vault, writing: DraftWriting, credits: Credits, llm: Llm | None
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._writing = writing
        self._credits = credits
        self._llm = llm

    async def generate(
        self,
        caller: Caller,
        campaign_id: UUID,
        lead_ids: Sequence[UUID] | None,
        expect: Expect = any_version,
    ) -> Generated:
        """Have drafts written for the prompts of the sequence, for the leads named or (None) for all that lack one.

        Raises ``Invalid`` for leads that aren't on the campaign, and ``Refused``: ``campaign-not-draft``,
        ``llm-not-configured``, ``too-many-drafts``, ``insufficient-credits``, ``llm-unavailable``. Nothing is charged
        then.
        """
        campaign = await self._writing.draft(caller.workspace_id, campaign_id, expect)
        if self._llm is None:
            raise Refused("llm-not-configured", "No language model is configured that could write drafts.")
        asked = await self._asked(caller.workspace_id, campaign, lead_ids)
        if not asked.prompts:
            return Generated(kept=asked.kept, gaps=tuple(asked.gaps))
        reservation_id = new_id()
        reserve = Reserve(
            reservation_id=reservation_id, action="AI_MESSAGE_GENERATION", count=len(asked.prompts)
        )
        await self._credits.execute(caller, reserve)
        try:
            answers = await self._llm.ask([each.question for each in asked.prompts])
            return await self._settle(caller, campaign_id, reservation_id, asked, answers)
        except Exception:
            await self._credits.execute(caller, _settlement(reservation_id, 0))
            raise

    # --- What is asked for ---

    async def _asked(self, workspace_id: UUID, campaign: Campaign, lead_ids: Sequence[UUID] | None) -> _Asked:
        nodes = prompt_nodes(campaign.nodes)
        roll = Roll(workspace_id, campaign.id)
        async with self._pool.acquire() as connection:
            leads = await _leads(connection, roll, nodes, lead_ids)
            present = await table.drafts_of(connection, roll, [lead.lead_id for lead in leads])
            words = await words_of(connection, self._vault, workspace_id, nodes)
            profiles = await profiles_of(connection, self._vault, workspace_id, leads)
        if len(leads) > MAX_DRAFTS:
            raise _too_many()
        # Who is named gets words anew; else only those get words who have none that were written for them.
        yields_to: Origin = "template" if lead_ids is None else "ai"
        asked = _Asked()
        for lead in leads:
            for node in nodes:
                if node.id not in words or lead.lead_id not in profiles:
                    continue
                if keeps(present.get((lead.lead_id, node.id)), yields_to):
                    asked.kept += 1
                    continue
                try:
                    asked.prompts.append(prompt(campaign, node, words[node.id], lead, profiles[lead.lead_id]))
                except Unresolved as unresolved:
                    asked.gaps.append(Gap(lead.lead_id, node.id, unresolved.variable))
        if len(asked.prompts) > MAX_DRAFTS:
            raise _too_many()
        return asked

    # --- What came of it ---

    async def _settle(
        self,
        caller: Caller,
        campaign_id: UUID,
        reservation_id: UUID,
        asked: _Asked,
        answers: Sequence[Answer],
    ) -> Generated:
        """Write the drafts and settle the reservation, together or not at all."""

        async def write(connection: Connection, campaign: Campaign) -> Generated:
            roll = Roll(caller.workspace_id, campaign_id)
            lead_ids = {each.lead.lead_id for each in asked.prompts}
            leads = {lead.lead_id: lead for lead in await table.leads_of(connection, roll, lead_ids)}
            present = await table.drafts_of(connection, roll, lead_ids)
            drafts: list[NewDraft] = []
            failed: list[Failed] = []
            for each, answer in zip(asked.prompts, answers, strict=True):
                outcome = _outcome(campaign, each, answer, leads.get(each.lead.lead_id), present)
                if isinstance(outcome, NewDraft):
                    drafts.append(outcome)
                else:
                    failed.append(Failed(each.lead.lead_id, each.node.id, outcome))
            if not drafts:
                raise _nothing_written(failed)
            manuscript = self._writing.prepare(caller.workspace_id, present, drafts)
            written = len(drafts)
            settlement = await self._credits.settlement(
                connection, caller.workspace_id, _settlement(reservation_id, written)
            )
            await self._writing.store(connection, caller, campaign, manuscript, settlement)
            return Generated(
                written=written,
                kept=asked.kept,
                gaps=tuple(asked.gaps),
                failed=tuple(failed),
                charged=price("AI_MESSAGE_GENERATION", written),
                refunded=price("AI_MESSAGE_GENERATION", len(failed)),
            )

        return await self._writing.transact(caller.workspace_id, campaign_id, write)


def _settlement(reservation_id: UUID, done: int) -> Settle:
    return Settle(reservation_id=reservation_id, done=done, reason="not-produced")


async def _leads(
    connection: Connection, roll: Roll, nodes: Sequence[Node], lead_ids: Sequence[UUID] | None
) -> list[ImportedLead]:
    """The leads that are meant. Raises ``Invalid`` naming those that aren't on the campaign."""
    if lead_ids is None:
        if not nodes:
            return []
        return await table.leads_lacking(connection, roll, [node.id for node in nodes], MAX_DRAFTS + 1)
    leads = await table.leads_of(connection, roll, lead_ids)
    known = {lead.lead_id for lead in leads}
    unknown = [
        FieldError(f"prospect_ids[{index}]", "There is no such lead in this campaign.")
        for index, lead_id in enumerate(lead_ids)
        if lead_id not in known
    ]
    if unknown:
        raise Invalid(*unknown)
    return leads


def _outcome(
    campaign: Campaign, asked: Prompt, answer: Answer, lead: ImportedLead | None, present: Drafts
) -> NewDraft | Failure:
    """The draft that an answer makes, as things are now; or why it makes none."""
    if not isinstance(answer, Text):
        return answer
    still_asked = any(node.id == asked.node.id for node in prompt_nodes(campaign.nodes))
    if lead != asked.lead or not still_asked or keeps(present.get((asked.lead.lead_id, asked.node.id)), "ai"):
        return "superseded"
    words = words_in(campaign, asked, answer.text)
    if words is None:
        return "unusable"
    return NewDraft(lead=asked.lead, node_id=asked.node.id, words=words, origin="ai")


def _nothing_written(failed: Sequence[Failed]) -> Refused:
    reasons = dict(Counter(each.reason for each in failed))
    return Refused(
        "llm-unavailable",
        "The language model wrote no draft; nothing was changed and all credits were given back.",
        {"reasons": reasons},
    )


def _too_many() -> Refused:
    return Refused(
        "too-many-drafts",
        f"This asks for more than {MAX_DRAFTS} drafts at once: name fewer leads in 'prospect_ids'.",
        {"at_most": MAX_DRAFTS},
    )
