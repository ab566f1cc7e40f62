"""What a mail provider pushes: brought to every workspace that has a sender account with the mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from service.channels.standard_webhooks import verify
from service.clock import Clock
from service.database.pool import Pool
from service.inbound.hearing import Mailbox, MailHearing, message_key
from service.inbound.notices import Notice, read_notice
from service.senders.provider_accounts import mailbox_digest
from service.senders.repository import Senders
from service.vault import Vault


class PushedMail:
    """Takes the signed deliveries of a provider that knows nothing of workspaces."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        senders: Senders,
        hearing: MailHearing,
        clock: Clock,
        secret: str | None,
    ) -> None:
        """``secret`` is what deliveries are signed with; without one none are expected."""
        self._pool = pool
        self._vault = vault
        self._senders = senders
        self._hearing = hearing
        self._clock = clock
        self._secret = secret

    @property
    def is_expected(self) -> bool:
        """Whether there is a secret to sign deliveries with."""
        return self._secret is not None

    async def take(self, headers: Mapping[str, str], body: bytes, correlation_id: UUID) -> None:
        """Let a delivery have its effect, once however often it is repeated.

        The names in ``headers`` are in lower case. Raises ``NotAuthentic``, ``Malformed``.
        """
        delivery_id = verify(self._secret or "", headers, body, self._clock.now())
        notice = read_notice(body)
        if notice is not None:
            await self._hear(delivery_id, notice, correlation_id)

    async def _hear(self, delivery_id: str, notice: Notice, correlation_id: UUID) -> None:
        async with self._pool.acquire() as connection:
            found = await self._senders.connected_by(connection, mailbox_digest(self._vault, notice.mailbox))
        keys = [b"delivery:" + delivery_id.encode()]
        if notice.message.message_id:
            keys.append(message_key(notice.message.message_id))
        for workspace_id, sender_id in found:
            mailbox = Mailbox(workspace_id, sender_id, notice.mailbox)
            await self._hearing.hear(mailbox, notice.message, self._clock.now(), keys, correlation_id)
