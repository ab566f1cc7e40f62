"""What sender accounts connect, a LinkedIn provider's account or a mailbox: ids, and the digests they are found by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from domain.sender.state import Sender
from service.database.pool import Connection
from service.texts import SenderProfile, unpack
from service.vault import Vault

_EVERYWHERE: Final = UUID(int=0)


def account_digest(vault: Vault, account_id: str) -> UUID:
    """What stands for an account of the provider, which knows nothing of workspaces: the same in all of them."""
    return vault.identity_digest(_EVERYWHERE, "linkedin-account", account_id.encode())


def mailbox_digest(vault: Vault, address: str) -> UUID:
    """What stands for a mailbox, by its normalised address: the same in all workspaces."""
    return vault.identity_digest(_EVERYWHERE, "mailbox", address.encode())


async def account_ids(
    connection: Connection, vault: Vault, workspace_id: UUID, senders: Iterable[Sender]
) -> dict[UUID, str]:
    """The provider's ids of LinkedIn sender accounts, by sender."""
    profiles = {sender.id: sender.profile_id for sender in senders}
    opened = await vault.open_many(connection, workspace_id, profiles.values())
    return {
        sender_id: unpack(opened[profile_id], SenderProfile).provider_account_id
        for sender_id, profile_id in profiles.items()
        if profile_id in opened
    }
