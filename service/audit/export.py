"""Exports a workspace's sealed history as files (``layout`` says where), in memory that does not grow with it.

That it was exported is itself a fact of the history, recorded before anything is written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias
from uuid import UUID

from domain import streams
from domain.audit import AuditExported
from domain.event import Event
from service.audit import layout
from service.audit.checkpoints import Checkpoint, Checkpoints
from service.audit.keys import AuditKeys
from service.audit.manifest import Extent, manifest
from service.audit.note import manifest_text, signed
from service.audit.sealing import Sealing
from service.audit.tree import HASH_BYTES, TILE_WIDTH
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, StreamWrite
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("export.sql"))
_TILES_AT_ONCE: Final = 64

Progress: TypeAlias = Callable[[int], None]
"""Told how many more events are written."""


class NothingToExport(Exception):
    """The range holds no event, or the directory is not empty: the message says which."""


class Export:
    """Exports histories. ``events`` is every event there is: the vocabulary that an export explains."""

    def __init__(
        self,
        pool: Pool,
        store: EventStore,
        sealing: Sealing,
        checkpoints: Checkpoints,
        keys: AuditKeys,
        clock: Clock,
        events: Sequence[type[Event]],
    ) -> None:
        self._pool = pool
        self._store = store
        self._sealing = sealing
        self._checkpoints = checkpoints
        self._keys = keys
        self._clock = clock
        self._events = events

    async def plan(self, workspace_id: UUID, first: int | None, last: int | None) -> Extent:
        """Seal what is committed; answers what an export of the events ``first`` to ``last`` will hold.

        Without bounds that is everything. Bundles are whole, so it begins up to 255 events before ``first`` and ends as
        many behind ``last``. Raises ``NothingToExport``.
        """
        await self._sealing.catch_up()
        newest = await self._checkpoints.newest(workspace_id)
        if newest is None:
            raise NothingToExport("The workspace has no events yet.")
        begin, end = first or 0, newest.size - 1 if last is None else last
        if not 0 <= begin <= end or begin >= newest.size:
            raise NothingToExport(
                f"The history has the events 0 to {newest.size - 1}, none from {begin} to {end}."
            )
        whole = (end // TILE_WIDTH + 1) * TILE_WIDTH - 1
        return Extent(newest.size, begin // TILE_WIDTH * TILE_WIDTH, min(whole, newest.size - 1))

    async def write(self, caller: Caller, extent: Extent, directory: Path, progress: Progress) -> None:
        """Write what was planned into ``directory``, which must be empty or new; the checkpoint comes last.

        Raises ``NothingToExport`` and ``OSError``.
        """
        _require_empty(directory)
        await self._record(caller, extent)
        workspace_id = caller.workspace_id
        async with self._pool.acquire() as connection:
            await self._write_entries(connection, workspace_id, extent, directory, progress)
            await self._write_tiles(connection, workspace_id, extent.size, directory)
        checkpoints = await self._checkpoints.spread(workspace_id, extent.size)
        await self._write_manifest(workspace_id, extent, checkpoints, directory)
        for checkpoint in checkpoints[:-1]:
            _write(directory, layout.earlier_checkpoint(checkpoint.size), checkpoint.note.encode())
        _write(directory, "checkpoint", checkpoints[-1].note.encode())

    async def _record(self, caller: Caller, extent: Extent) -> None:
        exported = AuditExported(size=extent.size, first=extent.first, last=extent.last)
        stream = streams.audit(caller.workspace_id)
        write = StreamWrite(stream=stream, expected=AnyVersion(), events=(exported,))
        context = caller.context(self._clock)
        await self._store.append(Append(workspace_id=caller.workspace_id, writes=(write,), context=context))

    async def _write_entries(
        self, connection: Connection, workspace_id: UUID, extent: Extent, directory: Path, progress: Progress
    ) -> None:
        for bundle in range(extent.first // TILE_WIDTH, extent.last // TILE_WIDTH + 1):
            width = min(extent.size - bundle * TILE_WIDTH, TILE_WIDTH)
            found = await _queries.entries_of(
                connection, workspace_id=workspace_id, bundle=bundle, width=width
            )
            for position in found["detached"]:
                await _write_payload(connection, workspace_id, position, directory)
            _write(directory, layout.bundle(bundle, width), found["entries"])
            progress(width)

    async def _write_tiles(
        self, connection: Connection, workspace_id: UUID, size: int, directory: Path
    ) -> None:
        level, hashes = 0, size
        while hashes:
            async for tile, stored in _tiles(connection, workspace_id, level, hashes):
                width = min(hashes - tile * TILE_WIDTH, TILE_WIDTH)
                _write(directory, layout.tile(level, tile, width), stored[: width * HASH_BYTES])
            level, hashes = level + 1, hashes // TILE_WIDTH

    async def _write_manifest(
        self, workspace_id: UUID, extent: Extent, checkpoints: Sequence[Checkpoint], directory: Path
    ) -> None:
        async with self._sealing.held() as connection:
            signer = await self._keys.signer(connection, workspace_id)
            keys = await self._keys.public(connection, workspace_id)
        sizes = [checkpoint.size for checkpoint in checkpoints]
        content = manifest(workspace_id, extent, keys, sizes, self._events, self._clock.now())
        _write(directory, "manifest.json", content)
        note = signed(manifest_text(signer.origin, content), signer)
        _write(directory, "manifest.note", note.encode())


async def _write_payload(connection: Connection, workspace_id: UUID, position: int, directory: Path) -> None:
    payload: str = await _queries.payload_at(connection, workspace_id=workspace_id, position=position)
    content = payload.encode()
    _write(directory, layout.payload(sha256(content).hexdigest()), content)


async def _tiles(
    connection: Connection, workspace_id: UUID, level: int, hashes: int
) -> AsyncIterator[tuple[int, bytes]]:
    """The tiles of a level with so many hashes."""
    for first in range(0, -(-hashes // TILE_WIDTH), _TILES_AT_ONCE):
        last = min(first + _TILES_AT_ONCE - 1, (hashes - 1) // TILE_WIDTH)
        rows = _queries.tiles_of(connection, workspace_id=workspace_id, level=level, first=first, last=last)
        async for row in rows:
            yield row["tile"], row["hashes"]


def _require_empty(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise NothingToExport(f"{directory} is not empty: name a directory that is, or a new one.")


def _write(directory: Path, name: str, content: bytes) -> None:
    file = directory / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
