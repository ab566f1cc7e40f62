-- Which messages were heard already.

-- name: note(workspace_id, sender_id, digests, now, forgotten_before)
-- Notes what a message is told from others by; answers what was not noted before. Old notes of the workspace go on the way.
WITH old AS (
    DELETE FROM heard_messages WHERE workspace_id = :workspace_id AND heard_at < :forgotten_before
)
INSERT INTO heard_messages (workspace_id, sender_id, digest, heard_at)
SELECT :workspace_id, :sender_id, d.digest, :now FROM unnest(:digests::uuid[]) AS d (digest)
ORDER BY d.digest
ON CONFLICT (workspace_id, sender_id, digest) DO NOTHING
RETURNING digest;
