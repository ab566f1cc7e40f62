-- name: record-master-key(fingerprint)!
-- Keeps the fingerprint of the first master key ever used on this database.
INSERT INTO vault_master_key (fingerprint) VALUES (:fingerprint) ON CONFLICT DO NOTHING;

-- name: recorded-master-key()$
SELECT fingerprint FROM vault_master_key;

-- name: offer-keys(workspace_id, owners, offered)
-- Offers each owner a salt; answers nothing when all took theirs, else who has which. Locked until the transaction ends.
SELECT owner_id, salt FROM offer_vault_keys(:workspace_id, :owners, :offered);

-- name: open-documents(workspace_id, document_ids)
-- Documents with their owners' salts. LATERAL and OFFSET 0 keep it at two looks into indexes for each document: joined, the
-- planner may read all keys of the workspace for a few of them.
SELECT d.document_id, d.owner_id, d.sealed, k.salt
FROM unnest(:document_ids::uuid[]) AS wanted (document_id)
CROSS JOIN LATERAL (
    SELECT s.document_id, s.owner_id, s.sealed FROM documents AS s
    WHERE s.workspace_id = :workspace_id AND s.document_id = wanted.document_id
    OFFSET 0
) AS d
CROSS JOIN LATERAL (
    SELECT s.salt FROM vault_keys AS s
    WHERE s.workspace_id = :workspace_id AND s.owner_id = d.owner_id AND s.salt IS NOT NULL
    OFFSET 0
) AS k;

-- name: erase-documents(workspace_id, owner_id, document_ids)!
SELECT erase_vault_documents(:workspace_id, :owner_id, :document_ids);

-- name: erase-owner(workspace_id, owner_id)
SELECT document_id FROM erase_vault_owner(:workspace_id, :owner_id) AS e (document_id);
