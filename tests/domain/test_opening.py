"""That a mail was opened is kept once, and only of a mail that the lead was really sent."""

from __future__ import annotations

from uuid import UUID

from domain.event import Event
from domain.lead.events import MailOpened, SendIntended
from domain.lead.opening import opened

FIRST, SECOND = UUID(int=1), UUID(int=2)


def intended(send_id: UUID) -> Event:
    return SendIntended(
        campaign_id=UUID(int=7),
        send_id=send_id,
        node_id=UUID(int=8),
        sender_id=UUID(int=9),
        attempt=1,
        action="email",
    )


def test_the_first_open_of_each_send_is_kept() -> None:
    history = [intended(FIRST), intended(SECOND), MailOpened(send_id=FIRST)]
    assert opened(history, SECOND) == (MailOpened(send_id=SECOND),)
    assert opened(history, FIRST) == ()


def test_a_send_that_the_lead_never_got_is_not_opened() -> None:
    assert opened([], FIRST) == ()
    assert opened([intended(SECOND)], FIRST) == ()
