"""A mail server that remembers of every mail whether it refused it, and misbehaves when it is told to."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias
from uuid import UUID

from aiosmtpd.smtp import Envelope, Session
from msgspec import Struct

from tests.channels.servers import Reaction, ScriptedServer, Stage

_MESSAGE_ID: Final = re.compile(rb"(?im)^message-id:\s*<([0-9a-f-]{36})@")

Behaviour: TypeAlias = Callable[[Stage], Reaction | None]
"""What to do when a stage is reached; None is good behaviour."""


def behave(stage: Stage) -> None:
    """Good behaviour."""


class Mail(Struct, frozen=True):
    """A mail that has arrived whole: of which send, for whom, which step."""

    send_id: UUID
    recipient: str
    is_follow_up: bool


class PostOffice(ScriptedServer):
    """The server. What it did not refuse it may have delivered, whether its answer was heard or not."""

    def __init__(self, behaviour: Behaviour = behave) -> None:
        super().__init__(password="secret")
        self.behaviour = behaviour
        self.arrived: list[Mail] = []
        self.refused: list[Mail] = []

    @property
    def taken(self) -> Counter[Mail]:
        """How often each mail was taken, as far as its sender can know."""
        return Counter(self.arrived) - Counter(self.refused)

    def next_reaction(self, stage: Stage) -> Reaction | None:
        """What the behaviour says."""
        return self.behaviour(stage)

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called with a whole mail."""
        mail = _read(envelope)
        self.arrived.append(mail)
        words = await super().handle_DATA(server, session, envelope)
        if not words.startswith("2"):
            self.refused.append(mail)
        return words


@asynccontextmanager
async def office_at(listener: socket.socket, behaviour: Behaviour = behave) -> AsyncIterator[PostOffice]:
    """An office at a bound socket, which outlives it: one office after the other can be there."""
    office = PostOffice(behaviour)
    await office.start(listener.dup())
    try:
        yield office
    finally:
        await office.stop()


def _read(envelope: Envelope) -> Mail:
    content = envelope.original_content or b""
    found = _MESSAGE_ID.search(content)
    assert found is not None
    [recipient] = envelope.rcpt_tos
    return Mail(UUID(found[1].decode()), recipient, b"\nIn-Reply-To:" in content)
