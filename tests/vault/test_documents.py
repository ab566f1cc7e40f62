"""Sealed documents in a real database."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from service.database.pool import Connection, Pool, connect_as_owner
from service.ids import new_id
from service.vault import Document, DocumentMissing, MasterKey, SealBroken, Vault, WrongMasterKey

TEXT = b"Ada Lovelace <ada@example.com>"


async def test_what_was_sealed_opens(vault: Vault, connection: Connection, workspace: UUID) -> None:
    document = await vault.seal(connection, workspace, uuid4(), TEXT)

    assert await vault.open(connection, workspace, document) == TEXT


async def test_many_documents_of_new_and_known_owners_open_again(
    vault: Vault, connection: Connection, workspace: UUID
) -> None:
    owners = [uuid4() for _ in range(50)]
    await vault.seal(connection, workspace, owners[0], TEXT)
    documents = [Document(owners[n % 50], new_id(), b"text %d" % n) for n in range(200)]

    await vault.seal_many(connection, workspace, documents)

    opened = await vault.open_many(connection, workspace, [document.document_id for document in documents])
    assert opened == {document.document_id: document.data for document in documents}


async def test_whoever_had_a_salt_or_was_erased_is_known_and_keeps_it(
    vault: Vault, connection: Connection, workspace: UUID
) -> None:
    had_one, erased, newcomer = new_id(), new_id(), new_id()
    before = await vault.take_salts(connection, workspace, [had_one, erased])
    await vault.erase_owner(connection, workspace, erased)

    salts = await vault.take_salts(connection, workspace, [had_one, erased, newcomer])

    assert before.known == frozenset()
    assert salts.known == {had_one, erased}
    assert salts.of == {had_one: before.of[had_one], erased: None, newcomer: salts.of[newcomer]}
    assert len({salt for salt in salts.of.values() if salt}) == 2


async def test_a_missing_document_is_named_and_absent_among_many(
    vault: Vault, connection: Connection, workspace: UUID
) -> None:
    missing = new_id()

    with pytest.raises(DocumentMissing, match=str(missing)):
        await vault.open(connection, workspace, missing)
    assert await vault.open_many(connection, workspace, [missing]) == {}


async def test_a_document_of_another_workspace_is_missing(
    vault: Vault, connection: Connection, workspace: UUID
) -> None:
    document = await vault.seal(connection, workspace, uuid4(), TEXT)

    assert await vault.open_many(connection, new_id(), [document]) == {}


async def test_a_document_joins_the_transaction_of_its_writer(
    vault: Vault, connection: Connection, workspace: UUID
) -> None:
    transaction = connection.transaction()
    await transaction.start()
    document = await vault.seal(connection, workspace, uuid4(), TEXT)
    await transaction.rollback()

    assert await vault.open_many(connection, workspace, [document]) == {}
    assert await connection.fetchval("SELECT count(*) FROM vault_keys") == 0


async def test_a_document_is_written_once(vault: Vault, connection: Connection, workspace: UUID) -> None:
    owner = uuid4()
    document = await vault.seal(connection, workspace, owner, TEXT)

    with pytest.raises(asyncpg.UniqueViolationError):
        await vault.seal_many(connection, workspace, [Document(owner, document, b"another")])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE documents SET sealed = ''",
        "DELETE FROM documents",
        "TRUNCATE documents",
        "UPDATE vault_keys SET salt = salt",
        "DELETE FROM vault_keys",
        "INSERT INTO vault_keys (workspace_id, owner_id, salt) VALUES (gen_random_uuid(), gen_random_uuid(), '')",
        "UPDATE vault_master_key SET fingerprint = ''",
        "DELETE FROM vault_master_key",
    ],
)
async def test_the_application_may_not_change_what_is_kept(connection: Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)


@pytest.mark.parametrize("at", [0, 5, 17, -1])
async def test_an_altered_byte_is_noticed(
    vault: Vault, connection: Connection, workspace: UUID, database: str, at: int
) -> None:
    document = await vault.seal(connection, workspace, uuid4(), TEXT)
    sealed = bytearray(await connection.fetchval("SELECT sealed FROM documents"))
    sealed[at] ^= 1
    await _as_owner(database, "UPDATE documents SET sealed = $1", bytes(sealed))

    with pytest.raises(SealBroken, match=str(document)):
        await vault.open(connection, workspace, document)


async def test_a_document_cut_short_is_noticed(
    vault: Vault, connection: Connection, workspace: UUID, database: str
) -> None:
    document = await vault.seal(connection, workspace, uuid4(), TEXT)
    await _as_owner(database, "UPDATE documents SET sealed = substr(sealed, 1, $1)", 20)

    with pytest.raises(SealBroken):
        await vault.open(connection, workspace, document)


@pytest.mark.parametrize("column", ["workspace_id", "document_id", "owner_id"])
async def test_a_document_moved_to_another_place_does_not_open(
    vault: Vault, connection: Connection, workspace: UUID, database: str, column: str
) -> None:
    document = await vault.seal(connection, workspace, uuid4(), TEXT)
    elsewhere = new_id()
    await _as_owner(database, f"UPDATE documents SET {column} = $1", elsewhere)
    if column != "document_id":
        await _as_owner(database, f"UPDATE vault_keys SET {column} = $1", elsewhere)

    place = {"workspace_id": workspace, "document_id": document} | {column: elsewhere}
    with pytest.raises(SealBroken):
        await vault.open(connection, place["workspace_id"], place["document_id"])


async def test_erasing_an_owner_removes_the_documents_and_the_key_and_nothing_else(
    vault: Vault, connection: Connection, workspace: UUID
) -> None:
    erased, kept, other_workspace = uuid4(), uuid4(), new_id()
    await vault.seal_many(connection, workspace, [Document(erased, new_id(), TEXT) for _ in range(3)])
    of_other_owner = await vault.seal(connection, workspace, kept, TEXT)
    of_other_workspace = await vault.seal(connection, other_workspace, erased, TEXT)

    assert len(await vault.erase_owner(connection, workspace, erased)) == 3
    assert await vault.erase_owner(connection, workspace, erased) == []

    assert await connection.fetchval("SELECT count(*) FROM documents") == 2
    assert await connection.fetchval("SELECT count(*) FROM vault_keys WHERE salt IS NOT NULL") == 2
    assert await vault.open(connection, workspace, of_other_owner) == TEXT
    assert await vault.open(connection, other_workspace, of_other_workspace) == TEXT


async def test_a_document_kept_aside_before_the_erasure_never_opens_again(
    vault: Vault, connection: Connection, workspace: UUID
) -> None:
    owner = uuid4()
    await vault.seal(connection, workspace, owner, TEXT)
    row = await connection.fetchrow("SELECT * FROM documents")
    assert row is not None
    await vault.erase_owner(connection, workspace, owner)

    await connection.copy_records_to_table("documents", records=[tuple(row)])

    with pytest.raises(DocumentMissing):
        await vault.open(connection, workspace, row["document_id"])


async def test_nothing_is_kept_of_an_erased_owner_again_whether_it_was_known_or_not(
    vault: Vault, connection: Connection, workspace: UUID
) -> None:
    known, unknown, other = uuid4(), uuid4(), uuid4()
    await vault.seal(connection, workspace, known, TEXT)
    for owner in (known, unknown):
        await vault.erase_owner(connection, workspace, owner)

    documents = [Document(owner, new_id(), TEXT) for owner in (known, other, unknown)]
    await vault.seal_many(connection, workspace, documents)

    ids = [document.document_id for document in documents]
    assert await vault.open_many(connection, workspace, ids) == {ids[1]: TEXT}


async def test_an_erasure_waits_for_a_document_being_written_and_takes_it_along(
    vault: Vault, connection: Connection, pool: Pool, workspace: UUID
) -> None:
    owner = uuid4()
    await vault.seal(connection, workspace, owner, b"first")
    transaction = connection.transaction()
    await transaction.start()
    await vault.seal(connection, workspace, owner, b"second")

    async with pool.acquire() as other:
        erasure = asyncio.create_task(vault.erase_owner(other, workspace, owner))
        await _until_blocked(connection, other)
        await transaction.commit()
        await erasure

    assert await connection.fetchval("SELECT count(*) FROM documents") == 0


async def test_a_document_written_during_an_erasure_is_not_kept(
    vault: Vault, connection: Connection, pool: Pool, workspace: UUID
) -> None:
    owner = uuid4()
    await vault.seal(connection, workspace, owner, b"first")
    transaction = connection.transaction()
    await transaction.start()
    await vault.erase_owner(connection, workspace, owner)

    async with pool.acquire() as other:
        sealing = asyncio.create_task(vault.seal(other, workspace, owner, b"second"))
        await _until_blocked(connection, other)
        await transaction.commit()
        document = await sealing

    with pytest.raises(DocumentMissing):
        await vault.open(connection, workspace, document)
    assert await connection.fetchval("SELECT count(*) FROM documents") == 0


async def test_the_erasure_of_an_owner_nobody_knew_waits_for_its_first_document(
    vault: Vault, connection: Connection, pool: Pool, workspace: UUID
) -> None:
    owner = uuid4()
    transaction = connection.transaction()
    await transaction.start()
    await vault.seal(connection, workspace, owner, b"first")

    async with pool.acquire() as other:
        erasure = asyncio.create_task(vault.erase_owner(other, workspace, owner))
        await _until_blocked(connection, other)
        await transaction.commit()
        assert len(await erasure) == 1

    assert await connection.fetchval("SELECT count(*) FROM documents") == 0


async def test_two_writers_of_the_same_owners_in_crossed_order_do_not_deadlock(
    vault: Vault, pool: Pool, workspace: UUID
) -> None:
    owners = [uuid4() for _ in range(300)]

    async def write(order: list[UUID]) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await vault.seal_many(connection, workspace, [Document(owner, new_id(), TEXT) for owner in order])

    await asyncio.gather(*(write(owners if n % 2 else owners[::-1]) for n in range(8)))

    assert await pool.fetchval("SELECT count(*) FROM documents") == 8 * len(owners)
    assert await pool.fetchval("SELECT count(*) FROM vault_keys") == len(owners)


async def test_another_master_key_is_named_as_the_reason(
    vault: Vault, connection: Connection, workspace: UUID
) -> None:
    document = await vault.seal(connection, workspace, uuid4(), TEXT)

    with pytest.raises(WrongMasterKey, match="LIFTOFF_SECRET_KEY"):
        await Vault(MasterKey(b"x" * 32)).open(connection, workspace, document)


async def test_a_database_accepts_only_the_master_key_it_began_with(
    vault: Vault, connection: Connection
) -> None:
    await vault.require_master_key(connection)
    await vault.require_master_key(connection)

    with pytest.raises(WrongMasterKey, match="This database"):
        await Vault(MasterKey(b"x" * 32)).require_master_key(connection)


async def test_no_table_of_the_vault_holds_the_plaintext(
    vault: Vault, connection: Connection, workspace: UUID
) -> None:
    await vault.seal_many(connection, workspace, [Document(uuid4(), new_id(), TEXT)])
    await vault.require_master_key(connection)

    tables = ("documents", "vault_keys", "vault_master_key")
    dump = [str(row) for table in tables for row in await connection.fetch(f"SELECT * FROM {table}")]
    raw = [bytes(row["sealed"]) for row in await connection.fetch("SELECT sealed FROM documents")]
    assert len(dump) == 3
    assert not any(word in text for text in dump for word in ("Ada", "ada@", TEXT.hex()))
    assert not any(word in sealed for sealed in raw for word in (b"Ada", b"ada@", b"example"))


async def _as_owner(dsn: str, statement: str, *values: object) -> None:
    connection = await connect_as_owner(dsn, application_name="test")
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def _until_blocked(watcher: Connection, waiting: Connection) -> None:
    """Wait until Postgres says that ``waiting`` is held up by another session's lock."""
    pid = waiting.get_server_pid()
    while not await watcher.fetchval("SELECT cardinality(pg_blocking_pids($1))", pid):
        pass  # each turn asks the server and so lets the other session run
