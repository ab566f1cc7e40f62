"""What a client writes when it drafts a campaign: the shapes of the bodies, with the bounds that no state changes."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.campaign.checks import MAX_DAILY_LIMIT
from domain.schedule import OperatingHours
from domain.sequence import Channel, NodeType

Name: TypeAlias = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"\S",
        description="Unique in the workspace. Blanks around it are taken off.",
    ),
]
Signature: TypeAlias = Annotated[
    str, Meta(max_length=10_000, description="Goes under each mail, in place of the sender account's own.")
]
Subject: TypeAlias = Annotated[
    str, Meta(max_length=998, description="A template: `{{first_name}}`, `{{company|your company}}`.")
]
Body: TypeAlias = Annotated[
    str, Meta(max_length=100_000, description="A template: `{{first_name}}`, `{{company|your company}}`.")
]
DailyLimit: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_DAILY_LIMIT)]
Position: TypeAlias = Annotated[int, Meta(ge=0, description="0-based.")]
Duration: TypeAlias = Annotated[int, Meta(ge=0)]
SenderIds: TypeAlias = Annotated[tuple[UUID, ...], Meta(max_length=500)]


class AccountLimitDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """At most so many sends a day of this campaign through one of its sender accounts."""

    account_id: UUID
    daily_limit: DailyLimit


AccountLimits: TypeAlias = Annotated[
    tuple[AccountLimitDraft, ...],
    Meta(max_length=500, description="All of them: an account that is not named has no limit of its own."),
]


class NodeDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node of a sequence. What its type has no use for must be left out."""

    type: NodeType
    subject: Subject | None = None
    body: Body | None = None
    is_reply: bool = False
    include_message: bool = False
    delay_days: Duration = 0
    delay_hours: Duration = 0
    delay_minutes: Duration = 0
    ai_node: bool = False


class NewNode(NodeDraft, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node to be inserted; without `position` just before the end."""

    position: Position | None = None


class ListedNode(NodeDraft, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node of a whole sequence. One with the `id` of a node that the campaign has is that node; any other is new.

    The order of the list counts: `position` and `campaign_id` may be sent as they were read, and say nothing.
    """

    id: UUID | None = None
    campaign_id: UUID | None = None
    position: Position | None = None


class NodeChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values of a node. What is left out stays as it is; with another `type` all the rest begins anew."""

    type: NodeType | UnsetType = UNSET
    subject: Subject | UnsetType | None = UNSET
    body: Body | UnsetType | None = UNSET
    is_reply: bool | UnsetType = UNSET
    include_message: bool | UnsetType = UNSET
    delay_days: Duration | UnsetType = UNSET
    delay_hours: Duration | UnsetType = UNSET
    delay_minutes: Duration | UnsetType = UNSET
    ai_node: bool | UnsetType = UNSET


class NewCampaign(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A campaign to be begun; its sequence is seeded with a first contact and the end."""

    type: Channel
    name: Name
    sender_account_ids: SenderIds
    daily_limit: DailyLimit | None = None
    account_limits: AccountLimits = ()
    operating_hours: OperatingHours | None = None
    stop_on_reply: bool = True
    open_tracking: bool = False
    skip_other_campaigns: bool = False
    signature: Signature | None = None


class CampaignChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values of a campaign; what is left out stays as it is.

    Name, hours and limits may change in a draft, an active and a paused campaign, the rest in a draft only.
    """

    name: Name | UnsetType = UNSET
    operating_hours: OperatingHours | UnsetType | None = UNSET
    daily_limit: DailyLimit | UnsetType | None = UNSET
    account_limits: AccountLimits | UnsetType = UNSET
    skip_other_campaigns: bool | UnsetType = UNSET
    stop_on_reply: bool | UnsetType = UNSET
    open_tracking: bool | UnsetType = UNSET
    signature: Signature | UnsetType | None = UNSET
    sender_account_ids: SenderIds | UnsetType = UNSET
    sequence_nodes: tuple[ListedNode, ...] | UnsetType = UNSET
