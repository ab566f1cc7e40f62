-- The vault: every text about a person, a campaign or a sender, sealed under a key of its owner.
-- The log names documents of this place and never holds what is in them.

-- Which master key this database was sealed with (a fingerprint, never the key), so that a wrong one is refused at once.
CREATE TABLE liftoff.vault_master_key (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    fingerprint bytea NOT NULL
);

-- One salt per owner. A document key needs the master key and this salt: once the row is gone, a sealed document that
-- survives anywhere without it (a dead page, the write-ahead log, an export) can't be opened by anyone.
CREATE TABLE liftoff.vault_keys (
    workspace_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    salt bytea NOT NULL CHECK (octet_length(salt) = 16),
    PRIMARY KEY (workspace_id, owner_id)
);

-- Sealed documents. `fields` are the names of the values a document holds, never the values.
-- There is no foreign key to vault_keys: its checks would cost a quarter of the writing speed, and take_vault_keys and
-- erase_vault_owner keep the same promise by the lock on the key.
CREATE TABLE liftoff.documents (
    workspace_id uuid NOT NULL,
    document_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    sealed bytea NOT NULL,
    fields text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (workspace_id, document_id)
);
CREATE INDEX documents_by_owner ON liftoff.documents (workspace_id, owner_id);

-- The salts of the given owners; one who has none yet gets the salt offered at the same place of the other array.
-- They stay locked until the transaction ends, so that an erasure waits for the documents being written and then takes
-- them along. An owner erased at this very moment may be missing from the answer (ask again), one may come twice.
CREATE FUNCTION liftoff.take_vault_keys(workspace uuid, owners uuid[], offered bytea[])
RETURNS TABLE (owner_id uuid, salt bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = liftoff, pg_temp
AS $$
DECLARE
    made bigint;
BEGIN
    -- In one order for everybody: two writers of the same owners wait for each other instead of deadlocking.
    RETURN QUERY
    INSERT INTO vault_keys AS k (workspace_id, owner_id, salt)
    SELECT workspace, o.id, o.salt FROM unnest(owners, offered) AS o (id, salt) ORDER BY o.id
    ON CONFLICT DO NOTHING
    RETURNING k.owner_id, k.salt;

    GET DIAGNOSTICS made = ROW_COUNT;
    IF made < cardinality(owners) THEN
        RETURN QUERY
        SELECT k.owner_id, k.salt FROM vault_keys AS k
        WHERE k.workspace_id = workspace AND k.owner_id = ANY (owners)
        ORDER BY k.owner_id
        FOR KEY SHARE;
    END IF;
END
$$;

-- Erases an owner. Deleting the key waits for those who are writing documents under it; only the next statement, with its new snapshot,
-- sees what they wrote (so READ COMMITTED, as everywhere here).
CREATE FUNCTION liftoff.erase_vault_owner(workspace uuid, owner uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = liftoff, pg_temp
AS $$
BEGIN
    DELETE FROM vault_keys WHERE workspace_id = workspace AND owner_id = owner;
    DELETE FROM documents WHERE workspace_id = workspace AND owner_id = owner;
END
$$;

-- Keys come and go only through the two functions, documents are written once and never changed.
REVOKE ALL ON FUNCTION liftoff.take_vault_keys(uuid, uuid[], bytea[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION liftoff.erase_vault_owner(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION liftoff.take_vault_keys(uuid, uuid[], bytea[]) TO liftoff_app;
GRANT EXECUTE ON FUNCTION liftoff.erase_vault_owner(uuid, uuid) TO liftoff_app;
GRANT SELECT ON liftoff.vault_keys TO liftoff_app;
GRANT SELECT, INSERT ON liftoff.documents TO liftoff_app;
GRANT SELECT, INSERT ON liftoff.vault_master_key TO liftoff_app;
