"""The postal address of a workspace stands under the mails that are prepared after it was set."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import SMTP

import httpx

from service.dispatch.claims import Claim
from service.dispatch.mails import ReadyMail
from tests.dispatch.conftest import Launch, Worker


async def test_every_mail_ends_with_the_address_and_a_visible_way_out(
    client: httpx.AsyncClient, launch: Launch, worker: Worker
) -> None:
    await launch(2)
    before, after = await worker.take()
    assert "Unsubscribe" not in await text(worker, before)
    await client.put("/api/workspace", json={"postal_address": "1 Mill Lane\nBath"})
    assert "1 Mill Lane\nBath\nUnsubscribe: http://test/unsubscribe/" in await text(worker, after)


async def text(worker: Worker, claim: Claim) -> str:
    """What the mail of a claim says."""
    [mail] = await worker.prepare([claim])
    assert isinstance(mail, ReadyMail)
    part = message_from_bytes(mail.message, policy=SMTP).get_body(("plain",))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")
