"""Seals the log: numbers what was committed, extends the trees, and signs what they have come to.

Numbers, tiles, checkpoint and progress move in one transaction that holds the progress's lock: each event is sealed
once, and of any number of processes that seal one works while the others wait. The feed skips nothing, so neither do
numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain import streams
from domain.audit import AuditKeyRotated
from service.audit.keys import AuditKeys
from service.audit.note import Signer, checkpoint_text, signed
from service.audit.tree import Tree, right_edge
from service.caller import Caller
from service.clock import Clock
from service.database.pool import Connection, Pool
from service.database.statements import statements
from service.store.appends import Any as AnyVersion
from service.store.appends import Append, StreamWrite
from service.store.log import EventStore

_queries: Any = statements(Path(__file__).with_name("sealing.sql"))

LEAVES_A_TURN: Final = 5_000
"""Of each there are 32 bytes of hash, and nothing else, in memory."""


class _Leaf(NamedTuple):
    workspace_id: UUID
    position: int
    hash: bytes


class Sealing:
    """Keeps the sealed history up with the log."""

    def __init__(self, pool: Pool, store: EventStore, keys: AuditKeys, clock: Clock) -> None:
        self._pool = pool
        self._store = store
        self._keys = keys
        self._clock = clock

    async def catch_up(self) -> None:
        """Seal all that is committed. Raises what asyncpg raises."""
        while await self.turn():
            pass

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Connection]:
        """A transaction in which nobody else seals or signs."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            await _queries.hold(connection)
            yield connection

    async def turn(self) -> int:
        """Seal the next page of the log; answers how many events it had."""
        async with self.held() as connection:
            after: int = await _queries.position(connection)
            rows = [row async for row in _queries.leaf_hashes(connection, after=after, at_most=LEAVES_A_TURN)]
            leaves = [
                _Leaf(row["workspace_id"], row["position"], row["hash"])
                for row in rows
                if row["position"] is not None
            ]
            for workspace_id, those in _by_workspace(leaves).items():
                await self._extend(connection, workspace_id, those)
            if (upto := rows[0]["upto"]) > after:
                await _queries.move(connection, position=upto)
        return len(leaves)

    async def rotate_key(self, caller: Caller) -> Signer:
        """Let a new key sign for the caller's workspace from here on; that is a fact of its history."""
        workspace_id = caller.workspace_id
        async with self.held() as connection:
            signer = await self._keys.rotate(connection, workspace_id)
            rotated = AuditKeyRotated(
                key=signer.number, public_key=signer.key.public_key().public_bytes_raw().hex()
            )
            write = StreamWrite(stream=streams.audit(workspace_id), expected=AnyVersion(), events=(rotated,))
            append = Append(workspace_id=workspace_id, writes=(write,), context=caller.context(self._clock))
            await self._store.append_in(connection, [append])
        self._store.announce()
        return signer

    async def _extend(self, connection: Connection, workspace_id: UUID, leaves: Sequence[_Leaf]) -> None:
        """Add the leaves to the workspace's tree, and sign it."""
        tree = await self._tree(connection, workspace_id)
        positions = [leaf.position for leaf in leaves]
        await _queries.number(connection, workspace_id=workspace_id, first=tree.size, positions=positions)
        tree.grow(leaf.hash for leaf in leaves)
        await _queries.write_tiles(
            connection,
            workspace_id=workspace_id,
            levels=[level for level, _ in tree.changed],
            tiles=[tile for _, tile in tree.changed],
            hashes=list(tree.changed.values()),
        )
        await _queries.set_size(connection, workspace_id=workspace_id, size=tree.size)
        signer = await self._keys.signer(connection, workspace_id)
        await _queries.promise(
            connection,
            workspace_id=workspace_id,
            size=tree.size,
            key_number=signer.number,
            note=signed(checkpoint_text(signer.origin, tree.size, tree.root()), signer),
            sealed_at=self._clock.now(),
        )

    async def _tree(self, connection: Connection, workspace_id: UUID) -> Tree:
        size: int = await _queries.size(connection, workspace_id=workspace_id) or 0
        edge = right_edge(size)
        rows = _queries.tiles(
            connection,
            workspace_id=workspace_id,
            levels=[level for level, _ in edge],
            tiles=[tile for _, tile in edge],
        )
        return Tree(size, {(row["level"], row["tile"]): row["hashes"] async for row in rows})


def _by_workspace(leaves: Iterable[_Leaf]) -> Mapping[UUID, list[_Leaf]]:
    found = defaultdict[UUID, list[_Leaf]](list)
    for leaf in leaves:
        found[leaf.workspace_id].append(leaf)
    return found
