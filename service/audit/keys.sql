-- name: signing_key(workspace_id)^
SELECT number, sealed FROM audit_signing_keys WHERE workspace_id = :workspace_id;

-- name: add_key(workspace_id, number, public_key, created_at)!
INSERT INTO audit_keys (workspace_id, number, public_key, created_at)
VALUES (:workspace_id, :number, :public_key, :created_at);

-- name: sign_with(workspace_id, number, sealed)!
-- From here on; the private part of the key before is forgotten.
INSERT INTO audit_signing_keys AS k (workspace_id, number, sealed)
VALUES (:workspace_id, :number, :sealed)
    ON CONFLICT (workspace_id) DO UPDATE SET number = excluded.number, sealed = excluded.sealed;

-- name: public_keys(workspace_id)
-- All keys, with the sizes of the first and last checkpoint that each has signed.
SELECT k.number, k.public_key, min(c.size) AS first_size, max(c.size) AS last_size
  FROM audit_keys AS k
  LEFT JOIN audit_checkpoints AS c ON c.workspace_id = k.workspace_id AND c.key_number = k.number
 WHERE k.workspace_id = :workspace_id
 GROUP BY k.number, k.public_key
 ORDER BY k.number;
