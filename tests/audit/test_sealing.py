"""Sealing: every event once, in the order of the feed, each workspace by itself, and nothing taken back."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from domain import streams
from domain.suppression import PersonSuppressed
from service.audit.keys import AuditKeys
from service.audit.sealing import Sealing
from service.audit.tree import Tree
from service.audit.verify import key_of, signed_text
from service.caller import Caller
from service.composition import Liftoff
from service.database.pool import Connection, connect_as_owner
from service.ids import new_id
from service.vault import MasterKey, Sealer, VaultError
from tests.audit.conftest import Happens
from tests.audit.histories import public_keys, random_world, store
from tests.audit.leaves import leaf, leaf_hash
from tests.kit.world import World


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Connection]:
    connection = await connect_as_owner(database, application_name="test")
    yield connection
    await connection.close()


async def numbered(liftoff: Liftoff, workspace_id: UUID) -> list[int]:
    """The positions of the sealed events, by their numbers."""
    rows = await liftoff.pool.fetch(
        "SELECT bundle, positions FROM audit_bundles WHERE workspace_id = $1 ORDER BY bundle", workspace_id
    )
    assert [row["bundle"] for row in rows] == list(range(len(rows)))
    assert all(len(row["positions"]) == 256 for row in rows[:-1])
    return [position for row in rows for position in row["positions"]]


async def logged(liftoff: Liftoff, workspace_id: UUID) -> list[int]:
    rows = await liftoff.pool.fetch(
        "SELECT position FROM events WHERE workspace_id = $1 ORDER BY position", workspace_id
    )
    return [row["position"] for row in rows]


async def promised(liftoff: Liftoff, workspace_id: UUID) -> tuple[int, bytes]:
    """Size and root of the newest checkpoint, its signature having been checked."""
    newest = await liftoff.checkpoints.newest(workspace_id)
    assert newest is not None
    keys = [key_of(key) for key in await public_keys(liftoff, workspace_id)]
    origin, size, root, _ = signed_text(newest.note.encode(), keys).split("\n")
    assert origin == f"liftoff/{workspace_id}"
    return int(size), b64decode(root)


async def test_every_event_gets_the_next_number_in_the_order_of_the_feed(
    liftoff: Liftoff, workspace_id: UUID, world: World
) -> None:
    await liftoff.sealing.catch_up()
    positions = await numbered(liftoff, workspace_id)
    assert positions == await logged(liftoff, workspace_id)
    assert len(positions) == len(world.history)


async def test_the_checkpoint_is_the_root_over_the_exact_bytes_of_all_events(
    liftoff: Liftoff, workspace_id: UUID
) -> None:
    await liftoff.sealing.catch_up()
    written = await liftoff.history.of_workspace(workspace_id, 0, 10_000)
    tree = Tree(0, {})
    tree.grow(leaf_hash(leaf(event)) for event in written)
    assert await promised(liftoff, workspace_id) == (len(written), tree.root())


async def test_any_number_of_processes_may_seal_at_once(
    liftoff: Liftoff, workspace_id: UUID, happens: Happens
) -> None:
    keys = AuditKeys(Sealer(liftoff.master_key), liftoff.clock)
    others = [Sealing(liftoff.pool, liftoff.store, keys, liftoff.clock) for _ in range(4)]

    async def live() -> None:
        for _ in range(20):
            suppressed = PersonSuppressed(person_id=new_id(), reason="unsubscribed")
            await happens(streams.suppressions(workspace_id), suppressed)

    await asyncio.gather(live(), live(), *(each.catch_up() for each in others))
    await liftoff.sealing.catch_up()
    assert await numbered(liftoff, workspace_id) == await logged(liftoff, workspace_id)
    size, _ = await promised(liftoff, workspace_id)
    assert size == len(await logged(liftoff, workspace_id))


async def test_each_workspace_has_a_tree_and_a_key_of_its_own(liftoff: Liftoff, workspace_id: UUID) -> None:
    other = random_world(seed=2, steps=50)
    await store(liftoff, other)
    await liftoff.sealing.catch_up()
    assert await numbered(liftoff, other.workspace_id) == await logged(liftoff, other.workspace_id)
    assert (await promised(liftoff, other.workspace_id))[0] == len(other.history)
    assert await public_keys(liftoff, other.workspace_id) != await public_keys(liftoff, workspace_id)


async def test_without_progress_there_is_no_new_checkpoint(liftoff: Liftoff, workspace_id: UUID) -> None:
    await liftoff.sealing.catch_up()
    before = await liftoff.checkpoints.page(workspace_id, None, 100)
    await liftoff.sealing.catch_up()
    assert await liftoff.checkpoints.page(workspace_id, None, 100) == before


async def test_a_rotated_key_signs_from_then_on_and_the_old_one_keeps_its_range(
    liftoff: Liftoff, workspace_id: UUID
) -> None:
    await liftoff.sealing.catch_up()
    size, _ = await promised(liftoff, workspace_id)
    await liftoff.sealing.rotate_key(Caller(workspace_id, "operator", new_id()))
    await liftoff.sealing.catch_up()
    async with liftoff.pool.acquire() as connection:
        old, new = await liftoff.audit_keys.public(connection, workspace_id)
    assert (old.last_size, new.first_size, new.last_size) == (size, size + 1, size + 1)
    newest = await liftoff.checkpoints.newest(workspace_id)
    assert newest is not None
    assert signed_text(newest.note.encode(), [key_of(new.key)])
    kept = await liftoff.pool.fetch(
        "SELECT number FROM audit_signing_keys WHERE workspace_id = $1", workspace_id
    )
    assert [row["number"] for row in kept] == [2]


async def test_the_private_key_opens_under_the_master_key_only(liftoff: Liftoff, workspace_id: UUID) -> None:
    await liftoff.sealing.catch_up()
    stranger = AuditKeys(Sealer(MasterKey(b"\1" * 32)), liftoff.clock)
    async with liftoff.pool.acquire() as connection:
        with pytest.raises(VaultError):
            await stranger.signer(connection, workspace_id)


@pytest.mark.parametrize(
    "edit",
    [
        *(
            "UPDATE audit_checkpoints SET note = ''",
            "DELETE FROM audit_checkpoints",
            "TRUNCATE audit_checkpoints",
        ),
        *("UPDATE audit_keys SET public_key = ''", "DELETE FROM audit_tiles", "TRUNCATE audit_bundles"),
        "UPDATE audit_tiles SET hashes = substr(hashes, 33) WHERE octet_length(hashes) > 32",
        "UPDATE audit_tiles SET hashes = set_byte(hashes, 0, 255 - get_byte(hashes, 0))",
        "UPDATE audit_bundles SET positions = positions[2:]",
    ],
)
async def test_what_was_sealed_is_never_edited_not_by_the_owner_either(
    liftoff: Liftoff, workspace_id: UUID, owner: Connection, edit: str
) -> None:
    await liftoff.sealing.catch_up()
    await owner.execute("SET session_replication_role = replica")
    with pytest.raises(asyncpg.ProhibitedSQLStatementAttemptedError, match="never edited"):
        await owner.execute(edit)
