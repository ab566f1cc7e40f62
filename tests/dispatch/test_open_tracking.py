"""Opens: the picture in mails of campaigns that track them, and what is kept when it is fetched."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import SMTP

import httpx

from service.channels.outcome import Accepted
from service.composition import Liftoff
from service.dispatch.claims import Claim
from service.dispatch.mails import ReadyMail
from service.http.opens import PIXEL
from tests.dispatch.conftest import Launch, Worker
from tests.dispatch.test_sending import lead_of

ACCEPTED = Accepted(250, "OK")


async def picture(worker: Worker, claim: Claim) -> str | None:
    """The path of the picture in the mail of a claim."""
    [mail] = await worker.prepare([claim])
    assert isinstance(mail, ReadyMail)
    part = message_from_bytes(mail.message, policy=SMTP).get_body(("html",))
    assert part is not None
    found = re.search(r'<img src="http://test(/opened/[^"]+)"', part.get_content())
    return found[1] if found else None


async def opens(liftoff: Liftoff) -> int:
    """How many opens the log holds."""
    count: int = await liftoff.pool.fetchval("SELECT count(*) FROM events WHERE type = 'mail-opened'")
    return count


async def test_an_open_is_kept_once_for_each_mail_and_changes_no_status(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker
) -> None:
    campaign_id = await launch(1, open_tracking=True)
    [claim] = await worker.take()
    path = await picture(worker, claim)
    assert path is not None
    await worker.record([claim], ACCEPTED)
    before = await lead_of(liftoff, claim)
    for _ in range(3):
        answer = await client.get(path, headers={"Authorization": ""})
        assert (answer.status_code, answer.content) == (200, PIXEL)
        assert answer.headers["content-type"] == "image/gif"
        assert answer.headers["cache-control"] == "no-store"
    assert await opens(liftoff) == 1
    assert await lead_of(liftoff, claim) == before
    history = await client.get(f"/api/campaigns/{campaign_id}/leads/{claim.due.lead_id}/history")
    assert "mail-opened" in history.text


async def test_a_mail_that_is_opened_before_its_outcome_is_recorded_is_still_sent(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker
) -> None:
    await launch(1, open_tracking=True)
    [claim] = await worker.take()
    path = await picture(worker, claim)
    assert path is not None
    await client.get(path)
    await worker.record([claim], ACCEPTED)
    assert await opens(liftoff) == 1
    assert (await lead_of(liftoff, claim)).status == "sent"


async def test_an_ended_campaign_still_hears_of_opens(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker
) -> None:
    campaign_id = await launch(1, open_tracking=True)
    [claim] = await worker.take()
    path = await picture(worker, claim)
    assert path is not None
    await worker.record([claim], ACCEPTED)
    await client.post(f"/api/campaigns/{campaign_id}/stop")
    await client.get(path)
    assert await opens(liftoff) == 1


async def test_a_forged_or_foreign_token_gets_the_same_picture_and_is_not_kept(
    client: httpx.AsyncClient, liftoff: Liftoff, launch: Launch, worker: Worker
) -> None:
    await launch(1, open_tracking=True)
    [claim] = await worker.take()
    path = await picture(worker, claim)
    assert path is not None
    for forged in (path[:-1] + ("A" if path[-1] != "A" else "B"), "/opened/x", "/opened/ä"):
        answer = await client.get(forged)
        assert (answer.status_code, answer.content) == (200, PIXEL)
    assert await opens(liftoff) == 0


async def test_without_open_tracking_there_is_no_picture(launch: Launch, worker: Worker) -> None:
    await launch(1)
    [claim] = await worker.take()
    assert await picture(worker, claim) is None
