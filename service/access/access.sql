-- name: take-workspace(workspace_id, name, created_at)$
-- The id of the workspace of this name; made with the offered id when it is new. The update changes nothing: it makes
-- RETURNING answer for the row that was there before, whoever else is making it at this moment.
INSERT INTO workspaces AS w (workspace_id, name, created_at)
VALUES (:workspace_id, :name, :created_at)
ON CONFLICT (name) DO UPDATE SET name = w.name
RETURNING workspace_id;

-- name: find-workspace(name)$
SELECT workspace_id FROM workspaces WHERE name = :name;

-- name: any-workspace()$
SELECT EXISTS (SELECT FROM workspaces);

-- name: add-key(workspace_id, key_id, name, secret_hash, scopes, created_at, expires_at)!
INSERT INTO api_keys (workspace_id, key_id, name, secret_hash, scopes, created_at, expires_at)
VALUES (:workspace_id, :key_id, :name, :secret_hash, :scopes, :created_at, :expires_at);

-- name: find-key(secret_hash)^
-- The key whose secret was presented, in whatever state it is: the caller judges expiry and revocation. Always one row, of
-- nulls when there is no such key: that is what a convoy takes.
SELECT k.workspace_id, k.key_id, k.name, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
FROM (SELECT) AS asked
LEFT JOIN api_keys AS k ON k.secret_hash = :secret_hash
LIMIT 1;

-- name: list-keys(workspace_id, before, size)
-- Newest first; `before` (an id of the page before, or null) is where the next page begins.
SELECT workspace_id, key_id, name, scopes, created_at, expires_at, revoked_at, last_used_at
FROM api_keys
WHERE workspace_id = :workspace_id AND (:before::uuid IS NULL OR key_id < :before)
ORDER BY workspace_id, key_id DESC
LIMIT :size;

-- name: revoke-key(workspace_id, key_id, revoked_at)$
-- Answers the id if there is such a key; the first revocation's time stays.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, :revoked_at)
WHERE workspace_id = :workspace_id AND key_id = :key_id
RETURNING key_id;

-- name: record-uses(workspaces, keys, times)!
-- At most one write per key and minute, however many processes saw the key.
UPDATE api_keys AS k SET last_used_at = used.at
FROM unnest(:workspaces::uuid[], :keys::uuid[], :times::timestamptz[]) AS used (workspace_id, key_id, at)
WHERE k.workspace_id = used.workspace_id AND k.key_id = used.key_id
  AND (k.last_used_at IS NULL OR k.last_used_at <= used.at - interval '1 minute');
