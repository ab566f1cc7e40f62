"""One look at a campaign: all that is shown of it, as it is at one moment, in one statement.

Which sender accounts and texts belong to a campaign, only its stream can say. So a look asks for what the last one
turned out to need, and is repeated when that is not all. What was folded is kept for the next look, which goes on from
there; of the texts nothing is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from domain import streams
from domain.campaign.state import Campaign
from domain.campaign.state import fold as fold_campaign
from domain.sender.state import Sender
from domain.sender.state import fold as fold_sender
from projections.leads import LEADS
from service.campaigns.repository import not_found
from service.campaigns.texts import node_documents, settings_documents
from service.campaigns.views import Material, summed
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.senders.repository import present
from service.store.codec import Codec
from service.store.folded import Folded, Row
from service.texts import Opened
from service.vault import Vault

REMEMBERED: Final = 1_000
"""Of so many campaigns a process keeps what it has folded, those that were looked at last."""

_queries: Any = statements(Path(__file__).with_name("looking.sql"))
_COLUMNS: Final = (
    *("position", "workspace_id", "stream", "version", "event_id", "type", "schema_version"),
    *("actor", "correlation_id", "causation_id", "epoch", "recorded_at", "payload"),
)


class Look(Struct, frozen=True):
    """A campaign at one moment.

    ``written`` is the position of the last event of the campaign and its roster, ``counted`` of the last event that is
    in the counts of the ``material``.
    """

    campaign: Campaign
    material: Material
    written: int
    counted: int


class Known(Struct, frozen=True):
    """A campaign and its sender accounts, as far as their streams were read."""

    campaign: Folded[Campaign] = Folded()
    senders: Mapping[UUID, Folded[Sender]] = {}

    @property
    def present(self) -> dict[UUID, Sender]:
        """The sender accounts that are there: not removed."""
        return present({id_: folded.state for id_, folded in self.senders.items()})

    @property
    def documents(self) -> list[UUID]:
        """The texts of the campaign and of its sender accounts."""
        campaign = self.campaign.state
        if campaign is None:
            return []
        profiles = [sender.profile_id for sender in self.present.values()]
        return [*settings_documents(campaign), *node_documents(campaign), *profiles]

    def needs_no_more_than(self, asked: Known) -> bool:
        """Whether a look that asked for what is needed by ``asked`` has shown all that is needed."""
        return self.senders.keys() <= asked.senders.keys() and set(self.documents) <= set(asked.documents)

    def versions(self, campaign_id: UUID) -> dict[str, int]:
        """The streams to read, and the version that each is known up to."""
        of_senders = {streams.sender(id_): folded.version for id_, folded in self.senders.items()}
        return {streams.campaign(campaign_id): self.campaign.version, **of_senders}


NOTHING: Final = Known()


class Looking:
    """Looks at campaigns."""

    def __init__(self, pool: Pool, codec: Codec, vault: Vault) -> None:
        self._pool = pool
        self._codec = codec
        self._vault = vault
        self._known: dict[tuple[UUID, UUID], Known] = {}

    async def at(self, workspace_id: UUID, campaign_id: UUID) -> Look:
        """The campaign now. Raises ``Refused`` ``not-found`` for one that is unknown or deleted."""
        place = workspace_id, campaign_id
        async with self._pool.acquire() as connection:
            row, known = await self._look(connection, *place, self._known.get(place, NOTHING))
        campaign = known.campaign.state
        if campaign is None or campaign.deleted:
            raise not_found()
        self._remember(place, known)
        texts = Opened(self._vault.unsealed(workspace_id, row["documents"]))
        counts = {campaign_id: summed(row["counts"])}
        return Look(
            campaign=campaign,
            material=Material(workspace_id, texts, known.present, counts),
            written=row["written"],
            counted=row["counted"] or 0,
        )

    async def _look(
        self, connection: Connection, workspace_id: UUID, campaign_id: UUID, asked: Known
    ) -> tuple[asyncpg.Record, Known]:
        """The answer that shows all that is needed, and what is known with it."""
        while True:
            versions, documents = asked.versions(campaign_id), asked.documents
            row: asyncpg.Record = await _queries.look(
                connection,
                workspace_id=workspace_id,
                campaign_id=campaign_id,
                own=streams.campaign(campaign_id),
                roster=streams.roster(campaign_id),
                streams=list(versions),
                versions=list(versions.values()),
                documents=documents,
                at_most=max(len(versions), len(documents)),
                projection=LEADS.name,
                projection_version=LEADS.version,
            )
            known = self._followed(campaign_id, asked, row["events"])
            if known is not None and known.needs_no_more_than(asked):
                return row, known
            asked = known or NOTHING

    def _followed(self, campaign_id: UUID, asked: Known, rows: Iterable[Sequence[Any]]) -> Known | None:
        """What is known with these events; None if they are of another history."""
        events: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            event = dict(zip(_COLUMNS, row, strict=True))
            events[event["stream"]].append(event)
        campaign = asked.campaign.after(events[streams.campaign(campaign_id)], fold_campaign, self._codec)
        if campaign is None:
            return None
        senders: dict[UUID, Folded[Sender]] = {}
        for sender_id in () if campaign.state is None else campaign.state.settings.sender_account_ids:
            known = asked.senders.get(sender_id, Folded())
            sender = known.after(events[streams.sender(sender_id)], fold_sender, self._codec)
            if sender is None:
                return None
            senders[sender_id] = sender
        return Known(campaign, senders)

    def _remember(self, place: tuple[UUID, UUID], known: Known) -> None:
        self._known.pop(place, None)
        self._known[place] = known
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
