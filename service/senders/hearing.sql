-- Which events of the LinkedIn provider were heard already.

-- name: note(workspace_id, sender_id, event_digest, now, forgotten_before)$
-- Notes an event; answers nothing when it was noted before. Old notes of the workspace go on the way.
WITH old AS (
    DELETE FROM linkedin_events WHERE workspace_id = :workspace_id AND heard_at < :forgotten_before
)
INSERT INTO linkedin_events (workspace_id, sender_id, event_digest, heard_at)
VALUES (:workspace_id, :sender_id, :event_digest, :now)
ON CONFLICT (workspace_id, sender_id, event_digest) DO NOTHING
RETURNING true;
