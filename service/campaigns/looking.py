"""One look at a campaign: all that is shown of it, as it is at one moment, in one statement.

Which sender accounts belong to a campaign, only its stream can say. So a look asks for those that the last one turned
out to need, and is repeated when that is not all. What was folded is kept for the next look, which goes on from there,
and so are the texts, which are opened after it: none is ever changed, nor one of a campaign or an account erased.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg
from cachetools import LRUCache
from msgspec import Struct
from msgspec.structs import replace

from domain import streams
from domain.campaign.state import Campaign
from domain.campaign.state import fold as fold_campaign
from domain.sender.state import Sender
from domain.sender.state import fold as fold_sender
from projections.leads import LEADS
from service.campaigns import views
from service.campaigns.repository import not_found
from service.campaigns.texts import node_documents, settings_documents
from service.campaigns.views import Material
from service.database.convoy import Convoy
from service.database.pool import Pool
from service.database.statements import statements
from service.senders.repository import present
from service.store.codec import Codec
from service.store.folded import Folded, Row
from service.texts import Opened
from service.vault import Vault

ROOM: Final = 64 * 1024**2
"""Bytes of what a process keeps of the campaigns that were looked at last, as far as they can be told."""
_BESIDE_TEXTS: Final = 8_192
"""Bytes that are reckoned for all but the texts of a campaign."""

_queries: Any = statements(Path(__file__).with_name("looking.sql"))
_COLUMNS: Final = (
    *("position", "workspace_id", "stream", "version", "event_id", "type", "schema_version"),
    *("actor", "correlation_id", "causation_id", "epoch", "recorded_at", "payload"),
)
EventRow: TypeAlias = tuple[str, UUID, tuple[Any, ...] | None]
"""An event of a stream, its id, and all of its columns; None instead of what was read before."""


class Known(Struct, frozen=True, dict=True):
    """A campaign and its sender accounts as far as their streams were read, and the texts that were ``opened``.

    With its id only: not at all.
    """

    campaign_id: UUID
    campaign: Folded[Campaign] = Folded()
    senders: Mapping[UUID, Folded[Sender]] = {}
    opened: Mapping[UUID, bytes] = {}

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
    def unopened(self) -> list[UUID]:
        """Those of the texts that are still to be opened."""
        return [id_ for id_ in self.documents if id_ not in self.opened]

    @cached_property
    def streams(self) -> dict[str, Folded[Any]]:
        """The streams to read, each as far as it is known."""
        of_senders = {streams.sender(id_): folded for id_, folded in self.senders.items()}
        return {streams.campaign(self.campaign_id): self.campaign, **of_senders}

    @cached_property
    def question(self) -> dict[str, Hashable]:
        """What a look asks for that goes on from here, by the names of its parameters."""
        return {
            "campaign_id": self.campaign_id,
            "own": streams.campaign(self.campaign_id),
            "roster": streams.roster(self.campaign_id),
            "streams": (*self.streams,),
            "versions": (*(folded.version for folded in self.streams.values()),),
            "at_most": len(self.streams),
        }

    def is_all(self, rows: Sequence[EventRow]) -> bool:
        """Whether these events of the streams are the very ones that they ended with: nothing has happened since."""
        ends = self.streams
        return len(rows) == len(ends) and all(ends[stream].event_id == id_ for stream, id_, _ in rows)


class Picture(Struct, frozen=True, dict=True):
    """What is shown of a campaign of which this is ``known``, and these are the ``sums``."""

    known: Known
    sums: Sequence[views.Sum]
    campaign: Campaign
    material: Material

    @cached_property
    def detail(self) -> views.CampaignDetail:
        """Everything about the campaign."""
        return views.detail(self.campaign, self.material)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return _BESIDE_TEXTS + sum(map(len, self.known.opened.values()))


class Look(NamedTuple):
    """A campaign at one moment.

    ``written`` is the position of the last event of the campaign and its roster, ``counted`` of the last event that is
    in the sums of the picture.
    """

    picture: Picture
    written: int
    counted: int


class Looking:
    """Looks at campaigns."""

    def __init__(self, pool: Pool, codec: Codec, vault: Vault) -> None:
        self._pool = pool
        self._convoy = Convoy(pool)
        self._codec = codec
        self._vault = vault
        self._kept: LRUCache[tuple[UUID, UUID], Picture] = LRUCache(ROOM, lambda picture: picture.size)

    async def at(self, workspace_id: UUID, campaign_id: UUID) -> Look:
        """The campaign now. Raises ``Refused`` ``not-found`` for one that is unknown or deleted."""
        place = workspace_id, campaign_id
        picture = self._kept.get(place)
        row, known = await self._look(workspace_id, picture.known if picture else Known(campaign_id))
        known = await self._opened(workspace_id, known)
        if picture is None or picture.known is not known or picture.sums != row["counts"]:
            picture = self._kept[place] = _picture(workspace_id, known, row["counts"])
        return Look(picture, row["written"], row["counted"] or 0)

    async def _look(self, workspace_id: UUID, asked: Known) -> tuple[asyncpg.Record, Known]:
        """The answer that shows all that is needed, and what is known with it."""
        while True:
            row: asyncpg.Record = await _queries.look(
                self._convoy,
                workspace_id=workspace_id,
                **asked.question,
                projection=LEADS.name,
                projection_version=LEADS.version,
            )
            known = asked if asked.is_all(row["events"]) else self._followed(asked, row["events"])
            if known is not None and known.senders.keys() <= asked.senders.keys():
                return row, known
            asked = known or Known(asked.campaign_id)

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
        return Known(asked.campaign_id, campaign, senders, asked.opened)

    async def _opened(self, workspace_id: UUID, known: Known) -> Known:
        """The same with all of its texts opened, and without those that are no more its own."""
        if not known.unopened:
            return known
        async with self._pool.acquire() as connection:
            texts = await self._vault.open_many(connection, workspace_id, known.unopened)
        opened = {**known.opened, **texts}
        return replace(known, opened={id_: opened[id_] for id_ in known.documents if id_ in opened})


def _picture(workspace_id: UUID, known: Known, sums: Sequence[views.Sum]) -> Picture:
    campaign = known.campaign.state
    if campaign is None or campaign.deleted:
        raise not_found()
    counts = {campaign.id: views.summed(sums)}
    material = Material(workspace_id, Opened(known.opened), known.present, counts)
    return Picture(known, sums, campaign, material)
