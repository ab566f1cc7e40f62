"""What a client is shown of a campaign: the shapes of the answers, made from state, opened texts and counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.campaign.events import PauseReason, Status
from domain.campaign.state import Campaign
from domain.schedule import OperatingHours
from domain.sender.events import SenderStatus
from domain.sender.state import Sender
from domain.sequence import Channel, Node, NodeType
from projections.leads import MILESTONES
from service.texts import Opened, SenderProfile


class SenderAccount(Struct, frozen=True, kw_only=True):
    """A sender account of a campaign. `campaign_daily_limit` is its own limit in this campaign, if it has one.

    `email_address` is null for LinkedIn accounts, `provider_account_id` and `is_premium` for e-mail accounts.
    """

    id: UUID
    type: Channel
    display_name: str
    email_address: str | None
    provider_account_id: str | None
    is_premium: bool | None
    status: SenderStatus
    daily_limit: int
    campaign_daily_limit: int | None


class Stats(Struct, frozen=True, kw_only=True):
    """How many leads are worked on, and how many of them have ever reached each milestone."""

    total: int
    sent: int
    replied: int
    bounced: int
    completed: int
    timed_out: int
    connection_sent: int
    connected: int
    message_sent: int
    contacted: int
    unsubscribed: int
    failed: int
    outcome_unknown: int


class SequenceNode(Struct, frozen=True, kw_only=True):
    """A step of the sequence; `position` is 0-based."""

    id: UUID
    campaign_id: UUID
    position: int
    type: NodeType
    subject: str | None
    body: str | None
    is_reply: bool
    include_message: bool
    delay_days: int
    delay_hours: int
    delay_minutes: int
    ai_node: bool


class CampaignFields(Struct, frozen=True, kw_only=True):
    """What a campaign is at one version. `user_id` is its workspace; a pause that was asked for needs no reason.

    `launch_at` is when a draft is to be launched; until then it can't be changed.
    """

    id: UUID
    user_id: UUID
    type: Channel
    name: str
    status: Status
    daily_limit: int | None
    stop_on_reply: bool
    open_tracking: bool
    signature: str | None
    skip_other_campaigns: bool
    operating_hours: OperatingHours | None
    pause_reason: PauseReason | None
    launch_at: datetime | None
    launched_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    sender_accounts: list[SenderAccount]


class CampaignView(CampaignFields, frozen=True, kw_only=True):
    """A campaign. `stats` is null on a draft that was never launched."""

    stats: Stats | None


class ListedCampaign(CampaignView, frozen=True, kw_only=True):
    """A campaign in a list."""

    node_count: int


class DraftedCampaign(CampaignView, frozen=True, kw_only=True):
    """A campaign and its sequence."""

    sequence_nodes: list[SequenceNode]


class CampaignDetail(Struct, frozen=True, kw_only=True):
    """A campaign, its sequence, and its leads by status and by current node (`__none__`: no current node).

    `sends_by_node` counts what a provider took over. What is zero is left out.
    """

    campaign: CampaignView
    sequence_nodes: list[SequenceNode]
    prospects_by_status: dict[str, int]
    prospects_by_node: dict[str, int]
    sends_by_node: dict[str, int]


Sum: TypeAlias = tuple[str, str, int]
"""The kind of a sum, what is counted, and how many there are."""


class Counts(Struct, frozen=True):
    """The sums of a campaign's leads, by kind of sum and what is counted."""

    sums: Mapping[str, Mapping[str, int]] = {}

    def of(self, kind: str) -> dict[str, int]:
        """The sums of one kind."""
        return dict(self.sums.get(kind, {}))


class Material(Struct, frozen=True):
    """What views of one or more campaigns are made from, beside the campaigns."""

    workspace_id: UUID
    texts: Opened
    senders: Mapping[UUID, Sender]
    counts: Mapping[UUID, Counts] = {}


def fields(campaign: Campaign, material: Material) -> dict[str, Any]:
    """The values of ``CampaignFields``."""
    settings, texts = campaign.settings, material.texts
    return {
        "id": campaign.id,
        "user_id": material.workspace_id,
        "type": campaign.channel,
        "name": texts.words(settings.name),
        "status": campaign.status,
        "daily_limit": settings.daily_limit,
        "stop_on_reply": settings.stop_on_reply,
        "open_tracking": settings.open_tracking,
        "signature": texts.words(settings.signature) if settings.signature else None,
        "skip_other_campaigns": settings.skip_other_campaigns,
        "operating_hours": settings.operating_hours,
        "pause_reason": None if campaign.pause_reason == "requested" else campaign.pause_reason,
        "launch_at": campaign.launch_at,
        "launched_at": campaign.launched_at,
        "created_at": campaign.created_at,
        "updated_at": campaign.updated_at,
        "version": campaign.version,
        "sender_accounts": accounts(campaign, material),
    }


def view(campaign: Campaign, material: Material) -> CampaignView:
    """The campaign."""
    return CampaignView(**fields(campaign, material), stats=_stats(campaign, material))


def listed(campaign: Campaign, material: Material) -> ListedCampaign:
    """The campaign in a list."""
    return ListedCampaign(
        **fields(campaign, material), stats=_stats(campaign, material), node_count=len(campaign.nodes)
    )


def drafted(campaign: Campaign, material: Material) -> DraftedCampaign:
    """The campaign and its sequence."""
    return DraftedCampaign(
        **fields(campaign, material),
        stats=_stats(campaign, material),
        sequence_nodes=nodes(campaign, material.texts),
    )


def detail(campaign: Campaign, material: Material) -> CampaignDetail:
    """Everything about the campaign."""
    counts = material.counts.get(campaign.id, Counts())
    return CampaignDetail(
        campaign=view(campaign, material),
        sequence_nodes=nodes(campaign, material.texts),
        prospects_by_status=counts.of("status"),
        prospects_by_node=counts.of("node"),
        sends_by_node=counts.of("sends"),
    )


def accounts(campaign: Campaign, material: Material) -> list[SenderAccount]:
    """The sender accounts of the campaign, in its order; removed ones are not shown."""
    limits = {limit.account_id: limit.daily_limit for limit in campaign.settings.account_limits}
    present = [id_ for id_ in campaign.settings.sender_account_ids if id_ in material.senders]
    return [_account(material.senders[id_], limits.get(id_), material.texts) for id_ in present]


def nodes(campaign: Campaign, texts: Opened) -> list[SequenceNode]:
    """The sequence, in order."""
    return [_node(campaign.id, position, node, texts) for position, node in enumerate(campaign.nodes)]


def counted(rows: Sequence[Mapping[str, Any]]) -> dict[UUID, Counts]:
    """Rows of ``campaign_counts`` by campaign."""
    sums: dict[UUID, list[Sum]] = {}
    for row in rows:
        sums.setdefault(row["campaign_id"], []).append((row["kind"], row["key"], row["n"]))
    return {campaign_id: summed(own) for campaign_id, own in sums.items()}


def summed(sums: Iterable[Sum]) -> Counts:
    """The sums of one campaign."""
    by_kind: dict[str, dict[str, int]] = {}
    for kind, key, n in sums:
        by_kind.setdefault(kind, {})[key] = n
    return Counts(by_kind)


def _stats(campaign: Campaign, material: Material) -> Stats | None:
    if campaign.total is None:
        return None
    reached = material.counts.get(campaign.id, Counts()).of("milestone")
    return Stats(total=campaign.total, **{name: reached.get(name, 0) for name in MILESTONES})


def _account(sender: Sender, own_limit: int | None, texts: Opened) -> SenderAccount:
    profile = texts.document(sender.profile_id, SenderProfile)
    return SenderAccount(
        id=sender.id,
        type=sender.channel,
        display_name=profile.display_name,
        email_address=profile.email_address or None,
        provider_account_id=profile.provider_account_id or None,
        is_premium=sender.is_premium if sender.channel == "linkedin" else None,
        status=sender.status,
        daily_limit=sender.daily_limit,
        campaign_daily_limit=own_limit,
    )


def _node(campaign_id: UUID, position: int, node: Node, texts: Opened) -> SequenceNode:
    words = texts.node(node)
    return SequenceNode(
        id=node.id,
        campaign_id=campaign_id,
        position=position,
        type=node.type,
        subject=words.subject or None,
        body=words.body or None,
        is_reply=node.is_reply,
        include_message=node.include_message,
        delay_days=node.delay_days,
        delay_hours=node.delay_hours,
        delay_minutes=node.delay_minutes,
        ai_node=node.ai_node,
    )
