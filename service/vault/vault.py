"""Sealed documents in Postgres, and the keyed digests by which the log may speak of what they hold.

Every method that takes a connection joins the caller's transaction: document and event are committed together or not.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from struct import Struct as Layout
from typing import Any, NamedTuple
from uuid import UUID

from service.database.copying import copy_rows
from service.database.pool import Connection
from service.database.statements import statements
from service.ids import id_of, new_id
from service.vault.errors import DocumentMissing, WrongMasterKey
from service.vault.keys import SALT_BYTES, KeyedDigest, MasterKey
from service.vault.sealing import require_own_seal, seal, unseal

_queries: Any = statements(Path(__file__).with_name("vault.sql"))
_COLUMNS = ("workspace_id", "document_id", "owner_id", "sealed")
_ROW = Layout("!h i16s i16s i16s i")
"""How many fields, and each after its length: the last is what was sealed."""
_UUID_V8 = 8 << 76 | 0b10 << 62
_KEPT_BITS = ~(0xF << 76 | 0b11 << 62)


class Document(NamedTuple):
    """One thing to seal."""

    owner_id: UUID
    document_id: UUID
    data: bytes


class Salts(NamedTuple):
    """The salts of owners, None of those erased. ``known``: who had one, or was erased, before it was asked for."""

    of: Mapping[UUID, bytes | None]
    known: frozenset[UUID]


class Vault:
    """Seals, opens and erases documents. Owner: a person (its identity digest), a campaign or a sender (their id)."""

    def __init__(self, master_key: MasterKey) -> None:
        self._master_key = master_key
        self._identity = KeyedDigest(master_key.derive("identity-digest"))
        self._content = KeyedDigest(master_key.derive("content-digest"))

    def identity_digest(self, workspace_id: UUID, channel: str, canonical: bytes) -> UUID:
        """The id of a person in the log: 122 bits of HMAC-SHA256, shaped as a UUIDv8 (RFC 9562).

        ``canonical`` is the normalised identity on ``channel``. Without the master key it can't be guessed back, and
        the same person has another one in each workspace.
        """
        message = workspace_id.bytes + channel.encode() + b"\0" + canonical
        number = int.from_bytes(self._identity(message)[:16])
        return id_of((number & _KEPT_BITS | _UUID_V8).to_bytes(16))

    def content_digest(self, workspace_id: UUID, data: bytes) -> str:
        """What the log may say about a text: HMAC-SHA256 in hex, equal for equal texts of one workspace."""
        return self._content(workspace_id.bytes + data).hex()

    async def require_master_key(self, connection: Connection) -> None:
        """Make sure this database belongs to this master key; the first one ever seen is kept.

        To be called once at the start: digests and documents of two keys must never mix. Raises ``WrongMasterKey``.
        """
        await _queries.record_master_key(connection, fingerprint=self._master_key.fingerprint)
        if await _queries.recorded_master_key(connection) != self._master_key.fingerprint:
            raise WrongMasterKey("This database")

    async def seal(
        self,
        connection: Connection,
        workspace_id: UUID,
        owner_id: UUID,
        data: bytes,
    ) -> UUID:
        """Keep ``data`` for ``owner_id``, who was not erased; answers the id of the new document."""
        document = Document(owner_id, new_id(), data)
        await self.seal_many(connection, workspace_id, [document])
        return document.document_id

    async def seal_many(
        self, connection: Connection, workspace_id: UUID, documents: Sequence[Document]
    ) -> None:
        """Keep many documents at once.

        Those of an erased owner are not kept: they will be found as missing as those that were erased.
        Raises ``asyncpg.UniqueViolationError`` for a document id that exists: documents are never changed.
        """
        if documents:
            owners = {document.owner_id for document in documents}
            salts = await self.take_salts(connection, workspace_id, owners)
            await self.seal_under(salts, connection, workspace_id, documents)

    async def take_salts(self, connection: Connection, workspace_id: UUID, owners: Collection[UUID]) -> Salts:
        """The salts of some owners, each of whom has one from now on, locked until the transaction ends."""
        drawn = os.urandom(SALT_BYTES * len(owners))
        offered = [drawn[start : start + SALT_BYTES] for start in range(0, len(drawn), SALT_BYTES)]
        mine = dict(zip(owners, offered, strict=True))
        rows = _queries.offer_keys(
            connection, workspace_id=workspace_id, owners=list(owners), offered=offered
        )
        found = {owner: salt async for owner, salt in rows}
        known = frozenset(owner for owner, salt in found.items() if salt != mine[owner])
        return Salts(found or mine, known)

    async def seal_under(
        self, salts: Salts, connection: Connection, workspace_id: UUID, documents: Iterable[Document]
    ) -> None:
        """As ``seal_many``, for owners whose salts were taken in the same transaction."""
        await copy_rows(connection, "documents", _COLUMNS, self._rows(salts, workspace_id, documents))

    async def open(self, connection: Connection, workspace_id: UUID, document_id: UUID) -> bytes:
        """The content of one document. Raises ``DocumentMissing``, ``SealBroken``, ``WrongMasterKey``."""
        opened = await self.open_many(connection, workspace_id, [document_id])
        if document_id not in opened:
            raise DocumentMissing(document_id)
        return opened[document_id]

    async def open_many(
        self, connection: Connection, workspace_id: UUID, document_ids: Iterable[UUID]
    ) -> dict[UUID, bytes]:
        """The contents by id; what is missing or erased is absent. Raises ``SealBroken``, ``WrongMasterKey``."""
        rows = _queries.open_documents(connection, workspace_id=workspace_id, document_ids=list(document_ids))
        keys: dict[UUID, bytes] = {}
        opened: dict[UUID, bytes] = {}
        async for document_id, owner_id, sealed, salt in rows:
            thing = f"The vault's document {document_id}"
            require_own_seal(sealed, self._master_key.fingerprint, thing)
            if owner_id not in keys:
                keys[owner_id] = self._master_key.document_key(workspace_id, owner_id, salt)
            opened[document_id] = unseal(
                keys[owner_id], sealed, workspace_id.bytes + document_id.bytes, thing
            )
        return opened

    async def erase(
        self, connection: Connection, workspace_id: UUID, owner_id: UUID, document_ids: Collection[UUID]
    ) -> None:
        """Remove some documents of an owner. Until the database has vacuumed, their sealed bytes are on its disk."""
        if document_ids:
            await _queries.erase_documents(
                connection, workspace_id=workspace_id, owner_id=owner_id, document_ids=list(document_ids)
            )

    async def erase_owner(self, connection: Connection, workspace_id: UUID, owner_id: UUID) -> list[UUID]:
        """Remove an owner's key and documents, and keep nothing for it any more; answers which documents there were.

        Waits for those who are writing its documents. An older backup that holds key and documents still opens.
        """
        rows = _queries.erase_owner(connection, workspace_id=workspace_id, owner_id=owner_id)
        return [row["document_id"] async for row in rows]

    def _rows(self, salts: Salts, workspace_id: UUID, documents: Iterable[Document]) -> Iterator[bytes]:
        """The documents as they are stored, each sealed when it is asked for; none of erased owners."""
        place, fingerprint = workspace_id.bytes, self._master_key.fingerprint
        keys: dict[UUID, bytes] = {}
        for owner, name, data in documents:
            if (salt := salts.of[owner]) is None:
                continue
            if owner not in keys:
                keys[owner] = self._master_key.document_key(workspace_id, owner, salt)
            sealed = seal(keys[owner], fingerprint, data, place + name.bytes)
            yield _ROW.pack(len(_COLUMNS), 16, place, 16, name.bytes, 16, owner.bytes, len(sealed)) + sealed
