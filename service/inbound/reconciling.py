"""Reconciling: a mail whose connection was lost after its last byte is looked for in the sender's folder of sent mails.

Found there, it was sent. Not found there says nothing, for not every server keeps a copy: it stays for a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

import structlog

from service.caller import Caller
from service.channels.message import message_id
from service.clock import Clock
from service.database.pool import Pool
from service.database.statements import statements
from service.dispatch.resolutions import Resolutions
from service.inbound.hearing import ACTOR, Mailbox

_queries: Any = statements(Path(__file__).with_name("reconciling.sql"))
_log = structlog.get_logger(__name__)

LOOKED_FOR: Final = timedelta(days=1)
"""How long a mail is looked for: a server that keeps copies keeps them at once."""
AT_ONCE: Final = 50

Find: TypeAlias = Callable[[str], Awaitable[str | None]]
"""The folder of sent mails in which a Message-ID was found."""


class Reconciling:
    """Settles sends by what the sender's own mailbox shows."""

    def __init__(self, pool: Pool, resolutions: Resolutions, clock: Clock) -> None:
        self._pool = pool
        self._resolutions = resolutions
        self._clock = clock

    async def look(self, mailbox: Mailbox, find: Find) -> None:
        """Look once for the mails of the mailbox whose outcome is unknown."""
        async with self._pool.acquire() as connection:
            rows = _queries.unknown(
                connection,
                workspace_id=mailbox.workspace_id,
                sender_id=mailbox.sender_id,
                since=self._clock.now() - LOOKED_FOR,
                at_most=AT_ONCE,
            )
            lost = [(row["campaign_id"], row["lead_id"], row["send_id"]) async for row in rows]
        for campaign_id, lead_id, send_id in lost:
            folder = await find(message_id(send_id, mailbox.address))
            if folder is None:
                continue
            words = f"Its Message-ID was found in the sender's folder {folder}."
            caller = Caller(mailbox.workspace_id, ACTOR, send_id)
            await self._resolutions.record_found(caller, campaign_id, lead_id, send_id, words)
            _log.info("send_found", lead_id=str(lead_id), send_id=str(send_id))
