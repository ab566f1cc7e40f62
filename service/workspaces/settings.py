"""The settings of a workspace: its stream, and the postal address in the vault that an event of it names."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from domain import streams
from domain.campaign.events import TextRef
from domain.workspace import Workspace, change, fold
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection, Pool
from service.ids import new_id
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, StreamWrite
from service.store.log import EventStore
from service.texts import Words, pack, unpack
from service.vault import Document, Vault


class Shown(NamedTuple):
    """A workspace's settings with their texts opened."""

    postal_address: str | None
    require_postal_address: bool


class WorkspaceSettings:
    """The settings of all workspaces of a database, one stream each."""

    def __init__(self, pool: Pool, store: EventStore, vault: Vault, clock: Clock) -> None:
        self._pool = pool
        self._store = store
        self._vault = vault
        self._clock = clock

    async def load(self, workspace_id: UUID, connection: Connection | None = None) -> Workspace:
        """The settings now; those of a workspace that never changed them are the defaults."""
        stream = streams.workspace(workspace_id)
        return fold(await self._store.read_stream(workspace_id, stream, connection=connection))

    async def show(self, workspace_id: UUID) -> Shown:
        """The settings as their owner reads them."""
        workspace = await self.load(workspace_id)
        ref = workspace.postal_address
        if ref is None:
            return Shown(None, workspace.require_postal_address)
        async with self._pool.acquire() as connection:
            address = unpack(await self._vault.open(connection, workspace_id, ref.document_id), Words).text
        return Shown(address, workspace.require_postal_address)

    async def put(self, caller: Caller, wanted: Shown) -> Shown:
        """Let these be the settings, whatever they were: of two who put theirs at once the later one's hold."""
        workspace_id = caller.workspace_id
        async with self._store.transaction() as connection:
            ref = self._describe(workspace_id, wanted.postal_address)
            events = change(
                await self.load(workspace_id, connection),
                Workspace(postal_address=ref, require_postal_address=wanted.require_postal_address),
            )
            if events:
                write = StreamWrite(
                    stream=streams.workspace(workspace_id), expected=AnyVersion(), events=events
                )
                context = caller.context(self._clock)
                await self._store.append_in(
                    connection, [Append(workspace_id=workspace_id, writes=(write,), context=context)]
                )
            if events and ref is not None and wanted.postal_address is not None:
                document = Document(workspace_id, ref.document_id, pack(Words(wanted.postal_address)))
                await self._vault.seal_many(connection, workspace_id, [document])
        return wanted

    def _describe(self, workspace_id: UUID, address: str | None) -> TextRef | None:
        """What the log says of a postal address."""
        if address is None:
            return None
        return TextRef(new_id(), self._vault.content_digest(workspace_id, pack(Words(address))))
