-- name: latest(workspace_id, stream, before, at_most)
-- The events of the ledger, newest first, those before a version or (null) from the last one on.
SELECT position, workspace_id, stream, version, event_id, type, schema_version, actor, correlation_id, causation_id, epoch,
       recorded_at, payload
FROM events
WHERE workspace_id = :workspace_id AND stream = :stream AND (:before::bigint IS NULL OR version < :before)
ORDER BY workspace_id, stream, version DESC
LIMIT :at_most;
