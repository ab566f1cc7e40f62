"""``GET /api/campaigns/{id}/sending-status``: before a launch, for senders that are not ready, for strangers."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest

from domain.sending_status import SENTENCES
from service.composition import Liftoff
from tests.api.asking import begin
from tests.api.making import make_sender

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_draft_says_of_each_sender_account_that_it_is_not_launched(
    client: httpx.AsyncClient, liftoff: Liftoff, workspace_id: UUID
) -> None:
    sender_id = str(await make_sender(liftoff, workspace_id, "ada@sender.example"))
    campaign = await begin(client, sender_account_ids=[sender_id])
    answer = await client.get(f"/api/campaigns/{campaign['id']}/sending-status")
    assert answer.json() == {
        "sending_status": {
            "campaign_status": "draft",
            "as_of": "2030-01-31T09:00:00Z",
            "senders": [
                {
                    "sender_id": sender_id,
                    "sender_name": "ada@sender.example",
                    "code": "campaign_draft",
                    "message": SENTENCES["campaign_draft"],
                    "next_at": None,
                }
            ],
        }
    }


async def test_a_campaign_of_another_workspace_is_unknown(
    client: httpx.AsyncClient, foreigner: httpx.AsyncClient
) -> None:
    campaign = await begin(client)
    answer = await foreigner.get(f"/api/campaigns/{campaign['id']}/sending-status")
    assert answer.status_code == 404
