"""``GET /api/campaigns/{id}/sending-status``: why a campaign is sending or is not."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from domain.campaign.events import Status
from domain.sending_status import SENTENCES, Code
from service.access import Scope
from service.campaigns.sending import SendingReading
from service.http import campaign_examples as examples
from service.http.operations import operation
from service.http.requests import ApiRequest
from service.http.values import Time
from service.launch.wording import Wording


class SenderSendingStatus(Struct, frozen=True, kw_only=True):
    """Why one sender account is sending, or is not.

    Of several reasons the first is told, in the order in which the codes are listed. `next_at`: when it is known to
    end; null if it does not end by itself, or nobody knows when.
    """

    sender_id: UUID
    sender_name: str
    code: Code
    message: str
    next_at: Time | None


class CampaignSendingStatus(Struct, frozen=True, kw_only=True):
    """What the campaign's sender accounts are doing at `as_of`, all read at one moment."""

    campaign_status: Status
    as_of: Time
    senders: list[SenderSendingStatus]


class OneSendingStatus(Struct, frozen=True):
    """Why a campaign is sending, or is not."""

    sending_status: CampaignSendingStatus


@get(
    "/campaigns/{campaign_id:uuid}/sending-status",
    **operation("campaign.sending-status", Scope.CAMPAIGNS_READ, answer=examples.SENDING_STATUS),
)
async def sending_status_of_campaign(
    request: ApiRequest,
    sending_reading: NamedDependency[SendingReading],
    wording: NamedDependency[Wording],
    campaign_id: FromPath[UUID],
) -> OneSendingStatus:
    """Why the campaign is sending or is not: one code for each sender account, by the rules of the sends themselves."""
    workspace_id = request.caller.workspace_id
    sending = await sending_reading.of(workspace_id, campaign_id)
    names = await wording.names(workspace_id, set(sending.senders))
    senders = [
        SenderSendingStatus(
            sender_id=sender_id,
            sender_name=names.get(str(sender_id), ""),
            code=status.code,
            message=SENTENCES[status.code],
            next_at=status.next_at,
        )
        for sender_id, status in sending.senders.items()
    ]
    return OneSendingStatus(
        CampaignSendingStatus(campaign_status=sending.campaign_status, as_of=sending.at, senders=senders)
    )


sending_status_routes: Final[list[ControllerRouterHandler]] = [sending_status_of_campaign]
