"""Reading campaigns: what a client asks about them, and always with what that client has written.

A campaign's state comes from its stream, or in lists from the read model; its texts come from the vault; its counts
come from the read model of the leads, once that has seen all that was written to the campaign and its roster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain import streams
from domain.campaign.events import Status
from domain.campaign.state import Campaign
from domain.sender.state import Sender
from domain.sender.state import fold as fold_sender
from projections.campaigns import CAMPAIGNS
from projections.leads import LEADS
from service.campaigns import views
from service.campaigns.looking import Looking
from service.campaigns.repository import Campaigns
from service.campaigns.texts import node_documents, settings_documents
from service.campaigns.views import Counts, Material
from service.database.pool import Pool
from service.database.statements import statements
from service.past.campaigns import PastCampaigns
from service.past.leads import PastLeads
from service.past.moments import Cut, Moment
from service.projector.freshness import Freshness
from service.senders.repository import Senders
from service.store.log import EventStore
from service.texts import Opened
from service.vault import Vault

_queries: Any = statements(Path(__file__).with_name("reading.sql"))
_campaigns: Final = msgspec.json.Decoder(Campaign)


class Place(NamedTuple):
    """Where a campaign stands in the list, which descends."""

    prominence: int
    campaign_id: UUID


TOP: Final = Place(2**15 - 1, UUID(int=2**128 - 1))
"""Before all campaigns."""


class CampaignReading:
    """Answers what clients ask about campaigns."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        campaigns: Campaigns,
        senders: Senders,
        vault: Vault,
        looking: Looking,
        freshness: Freshness,
        past_campaigns: PastCampaigns,
        past_leads: PastLeads,
    ) -> None:
        self._pool = pool
        self._store = store
        self._campaigns = campaigns
        self._senders = senders
        self._vault = vault
        self._looking = looking
        self._freshness = freshness
        self._past_campaigns = past_campaigns
        self._past_leads = past_leads

    # --- A campaign at hand ---

    async def view(self, workspace_id: UUID, campaign: Campaign) -> views.CampaignView:
        """The campaign."""
        return views.view(campaign, await self._material(workspace_id, [campaign]))

    async def drafted(self, workspace_id: UUID, campaign: Campaign) -> views.DraftedCampaign:
        """The campaign and its sequence."""
        documents = node_documents(campaign)
        return views.drafted(campaign, await self._material(workspace_id, [campaign], documents))

    async def nodes(self, workspace_id: UUID, campaign: Campaign) -> list[views.SequenceNode]:
        """The sequence."""
        return views.nodes(campaign, await self._open(workspace_id, node_documents(campaign)))

    # --- A campaign asked for ---

    async def one(self, workspace_id: UUID, campaign_id: UUID) -> views.CampaignDetail:
        """Everything about a campaign. Raises ``Refused`` ``not-found``."""
        picture, written, counted = await self._looking.at(workspace_id, campaign_id)
        if written <= counted:
            return picture.detail
        await self._freshness.reached(written, LEADS)
        counts = await self._counts(workspace_id, [picture.campaign])
        return views.detail(picture.campaign, replace(picture.material, counts=counts))

    async def accounts(self, workspace_id: UUID, campaign_id: UUID) -> list[views.SenderAccount]:
        """The sender accounts of a campaign. Raises ``Refused`` ``not-found``."""
        campaign = await self._campaigns.load(workspace_id, campaign_id)
        return views.accounts(campaign, await self._material(workspace_id, [campaign]))

    async def past(self, workspace_id: UUID, campaign_id: UUID, moment: Moment) -> views.CampaignDetail:
        """Everything about a campaign as it was, one deleted since too; its texts as the vault has them today.

        Raises ``Refused`` ``not-found`` if it was not there then.
        """
        campaign, cut = await self._past_campaigns.at(workspace_id, campaign_id, moment)
        material = await self._past_material(workspace_id, campaign, cut)
        [sums] = await self._past_leads.counts(workspace_id, campaign_id, cut)
        counts = views.summed((kind, key, n) for (_, _, kind, key), n in sums.items())
        return views.detail(campaign, replace(material, counts={campaign_id: counts}))

    async def past_accounts(
        self, workspace_id: UUID, campaign_id: UUID, moment: Moment
    ) -> list[views.SenderAccount]:
        """The sender accounts of a campaign as they were. Raises ``Refused`` ``not-found``."""
        campaign, cut = await self._past_campaigns.at(workspace_id, campaign_id, moment)
        return views.accounts(campaign, await self._past_material(workspace_id, campaign, cut))

    async def page(
        self, workspace_id: UUID, status: Status | None, after: Place, at_most: int
    ) -> list[tuple[Place, views.ListedCampaign]]:
        """Up to ``at_most`` campaigns behind a place of the list, of one status or of all."""
        async with self._pool.acquire() as connection:
            written = await _queries.written_up_to(connection, workspace_id=workspace_id)
        await self._freshness.reached(written, CAMPAIGNS, LEADS)
        found = await self._rows(workspace_id, status, after, at_most)
        material = await self._material(workspace_id, [campaign for _, campaign in found])
        return [(place, views.listed(campaign, material)) for place, campaign in found]

    # --- What they are made from ---

    async def _rows(
        self, workspace_id: UUID, status: Status | None, after: Place, at_most: int
    ) -> list[tuple[Place, Campaign]]:
        async with self._pool.acquire() as connection:
            if status is None:
                rows = _queries.page(
                    connection,
                    workspace_id=workspace_id,
                    prominence=after.prominence,
                    campaign_id=after.campaign_id,
                    at_most=at_most,
                )
            else:
                rows = _queries.page_of_status(
                    connection,
                    workspace_id=workspace_id,
                    status=status,
                    campaign_id=after.campaign_id,
                    at_most=at_most,
                )
            found = [(row["prominence"], _campaigns.decode(row["state"])) async for row in rows]
        return [(Place(prominence, campaign.id), campaign) for prominence, campaign in found]

    async def _material(
        self, workspace_id: UUID, campaigns: Sequence[Campaign], documents: Iterable[UUID] = ()
    ) -> Material:
        """What these campaigns' views need, with further ``documents``."""
        sender_ids = {id_ for campaign in campaigns for id_ in campaign.settings.sender_account_ids}
        senders = await self._senders.load_many(workspace_id, sender_ids)
        own = [document for campaign in campaigns for document in settings_documents(campaign)]
        texts = await self._open(workspace_id, [*own, *documents, *_profiles(senders)])
        return Material(workspace_id, texts, senders, await self._counts(workspace_id, campaigns))

    async def _counts(self, workspace_id: UUID, campaigns: Iterable[Campaign]) -> dict[UUID, Counts]:
        ids = [campaign.id for campaign in campaigns]
        async with self._pool.acquire() as connection:
            rows = _queries.counts(connection, workspace_id=workspace_id, campaign_ids=ids)
            return views.counted([row async for row in rows])

    async def _past_material(self, workspace_id: UUID, campaign: Campaign, cut: Cut) -> Material:
        """What the view of a campaign of that moment needs, but for its counts."""
        names = map(streams.sender, campaign.settings.sender_account_ids)
        histories = await self._store.read_streams(workspace_id, names)
        found = [fold_sender(cut.prefix(history)) for history in histories.values()]
        senders = {sender.id: sender for sender in found if sender is not None and not sender.removed}
        documents = [*settings_documents(campaign), *node_documents(campaign), *_profiles(senders)]
        return Material(workspace_id, await self._open(workspace_id, documents), senders)

    async def _open(self, workspace_id: UUID, documents: Iterable[UUID]) -> Opened:
        async with self._pool.acquire() as connection:
            return Opened(await self._vault.open_many(connection, workspace_id, documents))


def _profiles(senders: Mapping[UUID, Sender]) -> list[UUID]:
    return [sender.profile_id for sender in senders.values()]
