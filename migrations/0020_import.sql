-- Leads are written with less work: an index fewer for each, a column fewer, and nothing told that the writer knows.

-- By this order the key also finds the leads of a person, in every campaign. Those of a campaign are found by their
-- ordinal (roster_order).
ALTER TABLE roster DROP CONSTRAINT roster_pkey, ADD PRIMARY KEY (workspace_id, person_id, campaign_id);
DROP INDEX roster_person;

-- Nobody has ever written it.
ALTER TABLE documents DROP COLUMN fields;

-- Gives each of the owners who has no salt yet the one offered at the same place of the other array. Answers nothing when
-- that was so of them all; else every owner's salt, NULL for the erased ones. All of them stay locked until the
-- transaction ends, so that an erasure waits for the documents being written and then takes them along.
-- (take_vault_keys stays for programs of the version before.)
CREATE FUNCTION offer_vault_keys(workspace uuid, owners uuid[], offered bytea[])
RETURNS TABLE (owner_id uuid, salt bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = liftoff, pg_temp
AS $$
DECLARE
    made bigint;
BEGIN
    -- In one order for everybody: two writers of the same owners wait for each other instead of deadlocking.
    INSERT INTO vault_keys AS k (workspace_id, owner_id, salt)
    SELECT workspace, o.id, o.salt FROM unnest(owners, offered) AS o (id, salt) ORDER BY o.id
    ON CONFLICT DO NOTHING;

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
REVOKE ALL ON FUNCTION offer_vault_keys(uuid, uuid[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION offer_vault_keys(uuid, uuid[], bytea[]) TO liftoff_app;
