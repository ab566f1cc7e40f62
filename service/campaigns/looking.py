"""One look at a campaign: all that is shown of it, as it is at one moment, in one statement.

Which sender accounts and texts belong to a campaign, only its stream can say. So a look asks for what the last one
turned out to need, and is repeated when that is not all. What was folded is kept for the next look, which goes on from
there; of the texts nothing is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias
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
from service.database.convoy import Convoy
from service.database.pool import Pool
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
EventRow: TypeAlias = tuple[str, UUID, tuple[Any, ...] | None]
"""An event of a stream, its id, and all of its columns; None instead of what was read before."""


class Look(Struct, frozen=True):
    """A campaign at one moment.

    ``written`` is the position of the last event of the campaign and its roster, ``counted`` of the last event that is
    in the counts of the ``material``.
    """

    campaign: Campaign
    material: Material
    written: int
    counted: int


class Known(Struct, frozen=True, dict=True):
    """A campaign and its sender accounts, as far as their streams were read. With its id only: not at all."""

    campaign_id: UUID
    campaign: Folded[Campaign] = Folded()
    senders: Mapping[UUID, Folded[Sender]] = {}

    @cached_property
    def present(self) -> dict[UUID, Sender]:
        """The sender accounts that are there: not removed."""
        return present({id_: folded.state for id_, folded in self.senders.items()})

    @cached_property
    def documents(self) -> list[UUID]:
        """The texts of the campaign and of its sender accounts."""
        campaign = self.campaign.state
        if campaign is None:
            return []
        profiles = [sender.profile_id for sender in self.present.values()]
        return [*settings_documents(campaign), *node_documents(campaign), *profiles]

    @cached_property
    def streams(self) -> dict[str, Folded[Any]]:
        """The streams to read, each as far as it is known."""
        of_senders = {streams.sender(id_): folded for id_, folded in self.senders.items()}
        return {streams.campaign(self.campaign_id): self.campaign, **of_senders}

    def needs_no_more_than(self, asked: Known) -> bool:
        """Whether a look that asked for what is needed by ``asked`` has shown all that is needed."""
        return self.senders.keys() <= asked.senders.keys() and set(self.documents) <= set(asked.documents)

    def is_all(self, rows: Sequence[EventRow]) -> bool:
        """Whether these events of the streams are the very ones that they ended with: nothing has happened since."""
        ends = self.streams
        return len(rows) == len(ends) and all(ends[stream].event_id == id_ for stream, id_, _ in rows)


class Looking:
    """Looks at campaigns."""

    def __init__(self, pool: Pool, codec: Codec, vault: Vault) -> None:
        self._convoy = Convoy(pool)
        self._codec = codec
        self._vault = vault
        self._known: dict[tuple[UUID, UUID], Known] = {}

    async def at(self, workspace_id: UUID, campaign_id: UUID) -> Look:
        """The campaign now. Raises ``Refused`` ``not-found`` for one that is unknown or deleted."""
        place = workspace_id, campaign_id
        row, known = await self._look(workspace_id, self._known.get(place) or Known(campaign_id))
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

    async def _look(self, workspace_id: UUID, asked: Known) -> tuple[asyncpg.Record, Known]:
        """The answer that shows all that is needed, and what is known with it."""
        campaign_id = asked.campaign_id
        while True:
            row: asyncpg.Record = await _queries.look(
                self._convoy,
                workspace_id=workspace_id,
                campaign_id=campaign_id,
                own=streams.campaign(campaign_id),
                roster=streams.roster(campaign_id),
                streams=list(asked.streams),
                versions=[folded.version for folded in asked.streams.values()],
                documents=asked.documents,
                at_most=max(len(asked.streams), len(asked.documents)),
                projection=LEADS.name,
                projection_version=LEADS.version,
            )
            if asked.is_all(row["events"]):
                return row, asked
            known = self._followed(asked, row["events"])
            if known is not None and known.needs_no_more_than(asked):
                return row, known
            asked = known or Known(campaign_id)

    def _followed(self, asked: Known, rows: Iterable[EventRow]) -> Known | None:
        """What is known with these events; None if they are of another history."""
        events: dict[str, list[Row]] = defaultdict(list)
        for stream, event_id, new in rows:
            columns = dict(zip(_COLUMNS, new, strict=True)) if new else {"event_id": event_id}
            events[stream].append(columns)
        own = events[streams.campaign(asked.campaign_id)]
        campaign = asked.campaign.after(own, fold_campaign, self._codec)
        if campaign is None:
            return None
        senders: dict[UUID, Folded[Sender]] = {}
        for sender_id in () if campaign.state is None else campaign.state.settings.sender_account_ids:
            known = asked.senders.get(sender_id, Folded())
            sender = known.after(events[streams.sender(sender_id)], fold_sender, self._codec)
            if sender is None:
                return None
            senders[sender_id] = sender
        return Known(asked.campaign_id, campaign, senders)

    def _remember(self, place: tuple[UUID, UUID], known: Known) -> None:
        self._known.pop(place, None)
        self._known[place] = known
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
