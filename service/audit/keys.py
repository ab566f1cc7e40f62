"""The keys that vouch for a workspace's history: one in use at a time, the public part of all kept for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from service.audit.note import Signer, origin, verifier_key
from service.clock import Clock
from service.database.pool import Connection
from service.database.statements import statements
from service.vault import Sealer

_queries: Any = statements(Path(__file__).with_name("keys.sql"))
_PURPOSE: Final = "audit-signing-key"


class PublicKey(Struct, frozen=True):
    """A key as verifiers take it, and the sizes of the first and last checkpoint it signed; None before the first."""

    number: int
    key: str
    first_size: int | None
    last_size: int | None


class AuditKeys:
    """Makes, keeps and replaces the keys. Who calls it holds the lock of the sealing: nobody signs meanwhile."""

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer = sealer
        self._clock = clock

    async def signer(self, connection: Connection, workspace_id: UUID) -> Signer:
        """Who signs now; the first time, a key is made. Raises ``SealBroken``, ``WrongMasterKey``."""
        row = await _queries.signing_key(connection, workspace_id=workspace_id)
        if row is None:
            return await self._make(connection, workspace_id, 1)
        private = self._sealer.open_value(_PURPOSE, _context(workspace_id, row["number"]), row["sealed"])
        return Signer(origin(workspace_id), row["number"], Ed25519PrivateKey.from_private_bytes(private))

    async def rotate(self, connection: Connection, workspace_id: UUID) -> Signer:
        """Make a new key that signs from here on; of the one before, only the public part remains."""
        used = await self.signer(connection, workspace_id)
        return await self._make(connection, workspace_id, used.number + 1)

    async def public(self, connection: Connection, workspace_id: UUID) -> list[PublicKey]:
        """The public part of all keys, in the order in which they were made."""
        return [
            PublicKey(
                row["number"],
                verifier_key(origin(workspace_id), row["public_key"]),
                row["first_size"],
                row["last_size"],
            )
            async for row in _queries.public_keys(connection, workspace_id=workspace_id)
        ]

    async def _make(self, connection: Connection, workspace_id: UUID, number: int) -> Signer:
        key = Ed25519PrivateKey.generate()
        sealed = self._sealer.seal_value(_PURPOSE, _context(workspace_id, number), key.private_bytes_raw())
        await _queries.add_key(
            connection,
            workspace_id=workspace_id,
            number=number,
            public_key=key.public_key().public_bytes_raw(),
            created_at=self._clock.now(),
        )
        await _queries.sign_with(connection, workspace_id=workspace_id, number=number, sealed=sealed)
        return Signer(origin(workspace_id), number, key)


def _context(workspace_id: UUID, number: int) -> bytes:
    return workspace_id.bytes + number.to_bytes(4)
