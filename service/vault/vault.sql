-- name: record-master-key(fingerprint)!
-- Keeps the fingerprint of the first master key ever used on this database.
INSERT INTO vault_master_key (fingerprint) VALUES (:fingerprint) ON CONFLICT DO NOTHING;

-- name: recorded-master-key()$
SELECT fingerprint FROM vault_master_key;

-- name: take-keys(workspace_id, owners, offered)
-- The salt of each owner, offering a new one to those without; locked until the transaction ends. Erased ones have none.
SELECT owner_id, salt FROM take_vault_keys(:workspace_id, :owners, :offered);

-- name: open-documents(workspace_id, document_ids)
SELECT document_id, owner_id, sealed, salt
FROM documents JOIN vault_keys USING (workspace_id, owner_id)
WHERE workspace_id = :workspace_id AND document_id = ANY (:document_ids) AND salt IS NOT NULL;

-- name: erase-owner(workspace_id, owner_id)
SELECT document_id FROM erase_vault_owner(:workspace_id, :owner_id) AS e (document_id);
