-- Erasure: what was known of a person is gone for good, and nothing is kept of them again.

-- An erased owner keeps a row without a salt. It is what tells a writer, who may have read the person's data a moment
-- before, that nothing more is to be kept.
ALTER TABLE vault_keys ALTER COLUMN salt DROP NOT NULL;

-- As before; an erased owner comes without a salt, and without one of those offered.
CREATE OR REPLACE FUNCTION take_vault_keys(workspace uuid, owners uuid[], offered bytea[])
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

-- Erases an owner; answers which documents there were. FOR UPDATE waits for those who are writing documents under the key
-- (an UPDATE of the salt alone would not); only the next statement, with its new snapshot, sees what they wrote (so READ
-- COMMITTED, as everywhere here). Of an owner nobody knew, too, nothing is kept from here on.
DROP FUNCTION erase_vault_owner(uuid, uuid);
CREATE FUNCTION erase_vault_owner(workspace uuid, owner uuid) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = liftoff, pg_temp
AS $$
BEGIN
    INSERT INTO vault_keys (workspace_id, owner_id, salt) VALUES (workspace, owner, NULL) ON CONFLICT DO NOTHING;
    PERFORM FROM vault_keys WHERE workspace_id = workspace AND owner_id = owner FOR UPDATE;
    UPDATE vault_keys SET salt = NULL WHERE workspace_id = workspace AND owner_id = owner AND salt IS NOT NULL;
    RETURN QUERY
    DELETE FROM documents WHERE workspace_id = workspace AND owner_id = owner RETURNING document_id;
END
$$;
REVOKE ALL ON FUNCTION erase_vault_owner(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_vault_owner(uuid, uuid) TO liftoff_app;
