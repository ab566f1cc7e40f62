"""Importing leads: a person joins a campaign once, whoever imports it how often, and nothing joins after the launch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from domain import streams
from domain.campaign.decide import ReviseLeads, decide, require_draft
from domain.campaign.state import Campaign
from domain.lead.division import LEADS_AN_EVENT, an_event_each
from domain.lead.events import ImportedLead, LeadsImported, Source
from domain.refusal import Refused
from domain.sequence import Channel
from service.caller import Caller
from service.campaigns.repository import Campaigns, Change, Expect, StreamMoved, any_version
from service.database.pool import Connection
from service.database.statements import statements
from service.ids import new_id
from service.leads.files import MAX_ROWS
from service.leads.roster import Entry, enlist
from service.leads.rows import BadRow, NewLead, Prospect, distinct
from service.store.appends import Any as AnyVersion
from service.store.appends import StreamWrite
from service.store.log import EventStore
from service.texts import pack
from service.vault import Document, Vault

_queries: Any = statements(Path(__file__).with_name("roster.sql"))

ROWS_A_PART: Final = 5 * LEADS_AN_EVENT
"""What is written in one transaction. To one of a thousand the round trips added half of what its rows cost."""
ROWS_A_TURN: Final = 50
"""After so many rows of a file others have their turn: the part being written first of all, which else would wait until
the next is read, and other requests."""
ATTEMPTS: Final = 20
"""How often a part of an import is tried again when others change the campaign at the same moment."""
SHOWN_ERRORS: Final = 100


class Imported(Struct, frozen=True):
    """What became of the rows; ``errors`` are the first of the invalid ones."""

    imported: int = 0
    duplicates: int = 0
    invalid: int = 0
    errors: tuple[BadRow, ...] = ()


class Importing:
    """Adds leads to drafts."""

    def __init__(self, store: EventStore, vault: Vault, campaigns: Campaigns) -> None:
        self._store = store
        self._vault = vault
        self._campaigns = campaigns

    async def draft(self, workspace_id: UUID, campaign_id: UUID, expect: Expect = any_version) -> Campaign:
        """The campaign, if leads may join it. Raises ``Refused`` ``campaign-not-draft``, ``not-found``."""
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        expect(campaign.version)
        require_draft(campaign)
        return campaign

    async def add(self, caller: Caller, draft: Campaign, leads: Sequence[NewLead]) -> Imported:
        """Add leads, all or none. Raises ``Refused`` when the campaign is no draft any more."""
        prospects = [self._prospect(caller.workspace_id, draft.channel, lead) for lead in leads]
        _, joined = await self._add_part(caller, draft, prospects, "api")
        return Imported(imported=joined, duplicates=len(leads) - joined)

    async def add_all(
        self, caller: Caller, draft: Campaign, rows: AsyncIterator[NewLead | BadRow], source: Source
    ) -> Imported:
        """Add the rows of a file, part by part; the next part is made ready while the last is written.

        Raises ``Refused`` ``import-interrupted`` when the campaign is launched meanwhile, and ``import-too-long``;
        what was added until then stays, and the refusal says how much that is.
        """
        tally = _Tally(draft)
        prospect = partial(self._prospect, caller.workspace_id, draft.channel)
        try:
            async for part in _parts(rows, prospect, tally):
                await tally.written()
                tally.write(self._add_part(caller, tally.draft, part, source), len(part))
            await tally.written()
        except Refused as refused:
            await tally.settled()
            raise _interrupted(refused, tally) from None
        return Imported(tally.imported, tally.duplicates, tally.invalid, tuple(tally.errors))

    def _prospect(self, workspace_id: UUID, channel: Channel, lead: NewLead) -> Prospect:
        person_id = self._vault.identity_digest(workspace_id, channel, lead.canonical)
        return Prospect(person_id, new_id(), new_id(), pack(lead.profile), lead.fields)

    async def _add_part(
        self, caller: Caller, draft: Campaign, prospects: Sequence[Prospect], source: Source
    ) -> tuple[Campaign, int]:
        """Add some leads in one transaction; answers the campaign after it and how many joined."""
        for _ in range(ATTEMPTS):
            try:
                async with self._store.transaction() as connection:
                    return await self._write(connection, caller, draft, prospects, source)
            except (StreamMoved, asyncpg.UniqueViolationError):
                draft = await self.draft(caller.workspace_id, draft.id)
        raise Refused("campaign-changed", "Others keep changing this campaign. Import the rest again later.")

    async def _write(
        self,
        connection: Connection,
        caller: Caller,
        draft: Campaign,
        prospects: Sequence[Prospect],
        source: Source,
    ) -> tuple[Campaign, int]:
        workspace_id = caller.workspace_id
        people = distinct(prospects)
        # First, for who had none can't be on any roster: of the people of a new file nothing else has to be asked.
        salts = await self._vault.take_salts(connection, workspace_id, [who.person_id for who in people])
        present = await self._present(connection, workspace_id, draft, salts.known)
        newcomers = [who for who in people if who.person_id not in present]
        if not newcomers:
            return draft, 0
        imported = [
            ImportedLead(newcomer.lead_id, ordinal, newcomer.person_id, newcomer.document_id)
            for ordinal, newcomer in enumerate(newcomers, draft.leads_ever)
        ]
        entries = [Entry(lead, newcomer.fields) for lead, newcomer in zip(imported, newcomers, strict=True)]
        await enlist(connection, workspace_id, draft.id, entries)
        documents = [Document(who.person_id, who.document_id, who.data) for who in newcomers]
        await self._vault.seal_under(salts, connection, workspace_id, documents)
        events = [
            LeadsImported(campaign_id=draft.id, source=source, leads=leads)
            for leads in an_event_each(imported)
        ]
        roster = StreamWrite(stream=streams.roster(draft.id), expected=AnyVersion(), events=events)
        change = Change(events=decide(draft, ReviseLeads(added=len(imported))), also=(roster,))
        return await self._campaigns.swap(caller, draft, change, connection), len(imported)

    async def _present(
        self, connection: Connection, workspace_id: UUID, draft: Campaign, people: Collection[UUID]
    ) -> set[UUID]:
        """Those of the people who are on the campaign already, or were erased."""
        if not people:
            return set()
        rows = _queries.present(
            connection, workspace_id=workspace_id, campaign_id=draft.id, person_ids=list(people)
        )
        return {row["person_id"] async for row in rows}


class _Tally:
    """How far an import has come: the draft after the last part, what was counted, and the part being written."""

    def __init__(self, draft: Campaign) -> None:
        self.draft = draft
        self.imported = 0
        self.duplicates = 0
        self.invalid = 0
        self.errors: list[BadRow] = []
        self._writing: asyncio.Task[tuple[Campaign, int]] | None = None
        self._size = 0

    def write(self, part: Any, size: int) -> None:
        """A part is being written from now on."""
        self._writing = asyncio.ensure_future(part)
        self._size = size

    async def written(self) -> None:
        """Wait for the part being written, and count it. Raises what its writing raises."""
        if self._writing is None:
            return
        writing, self._writing = self._writing, None
        self.draft, joined = await writing
        self.imported += joined
        self.duplicates += self._size - joined

    async def settled(self) -> None:
        """Wait for the part being written, if there is one, and count it if it was."""
        try:
            await self.written()
        except Refused:
            return

    def reject(self, row: BadRow) -> None:
        """Count an invalid row."""
        self.invalid += 1
        if len(self.errors) < SHOWN_ERRORS:
            self.errors.append(row)


async def _parts(
    rows: AsyncIterator[NewLead | BadRow], prospect: Callable[[NewLead], Prospect], tally: _Tally
) -> AsyncIterator[list[Prospect]]:
    """The good rows, in parts; the bad ones go to the tally."""
    part: list[Prospect] = []
    count = 0
    async for row in rows:
        count += 1
        if count > MAX_ROWS:
            raise Refused("import-too-long", f"A file has at most {MAX_ROWS} rows; send the rest in another.")
        if count % ROWS_A_TURN == 0:
            await asyncio.sleep(0)
        if isinstance(row, BadRow):
            tally.reject(row)
            continue
        part.append(prospect(row))
        if len(part) == ROWS_A_PART:
            yield part
            part = []
    if part:
        yield part


def _interrupted(refused: Refused, tally: _Tally) -> Refused:
    counts = {"imported": tally.imported, "duplicates": tally.duplicates, "invalid": tally.invalid}
    if refused.code == "campaign-not-draft" and tally.imported:
        message = (
            f"The campaign was launched during the import: {tally.imported} leads had joined it by then."
        )
        return Refused("import-interrupted", message, {**refused.evidence, **counts})
    return Refused(refused.code, refused.message, {**refused.evidence, **counts}, refused.errors)
