"""Opens: that a mail's picture was fetched is kept once for each send, and changes nothing about the lead."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from domain.event import Event
from domain.lead.events import MailOpened, SendIntended


def opened(history: Iterable[Event], send_id: UUID) -> tuple[Event, ...]:
    """What is to be kept of the news that a mail was opened; nothing if it is known, or the lead never got the mail."""
    of_the_send = [
        event
        for event in history
        if isinstance(event, SendIntended | MailOpened) and event.send_id == send_id
    ]
    if not of_the_send or any(isinstance(event, MailOpened) for event in of_the_send):
        return ()
    return (MailOpened(send_id=send_id),)
