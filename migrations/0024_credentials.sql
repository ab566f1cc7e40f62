-- Credentials are kept as long as they are used: those of an inbox that another one replaced, or whose account was
-- removed, are erased. What else is known of an account stays, for the past is shown with it.

-- Erases some documents of an owner, who may go on having others.
CREATE FUNCTION erase_vault_documents(workspace uuid, owner uuid, erased uuid[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = liftoff, pg_temp
AS $$
    DELETE FROM documents WHERE workspace_id = workspace AND document_id = ANY (erased) AND owner_id = owner
$$;
REVOKE ALL ON FUNCTION erase_vault_documents FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_vault_documents TO liftoff_app;

-- Those of before. All events are looked through for them, once.
DELETE FROM documents AS d
 USING (SELECT e.workspace_id, (e.payload ->> 'inbox_id')::uuid AS inbox_id,
               row_number() OVER (PARTITION BY e.workspace_id, e.stream ORDER BY e.version DESC) AS from_last,
               bool_or(e.type = 'sender-removed') OVER (PARTITION BY e.workspace_id, e.stream) AS removed
          FROM events AS e
         WHERE e.type IN ('sender-inbox-configured', 'sender-removed')) AS i
 WHERE d.workspace_id = i.workspace_id AND d.document_id = i.inbox_id AND (i.from_last > 1 OR i.removed);
