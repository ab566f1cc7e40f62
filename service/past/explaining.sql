-- Events and what led to them.

-- name: one(workspace_id, event_id)^
SELECT position, workspace_id, stream, version, event_id, type, schema_version, actor, correlation_id, causation_id, epoch,
       recorded_at, payload
FROM events
WHERE workspace_id = :workspace_id AND event_id = :event_id;

-- name: related(workspace_id, streams, correlation_ids, event_ids, at_most)
-- The events of some streams that some request or run wrote, or that some events led to.
SELECT position, workspace_id, stream, version, event_id, type, schema_version, actor, correlation_id, causation_id, epoch,
       recorded_at, payload
FROM events
WHERE workspace_id = :workspace_id AND stream = ANY (:streams)
  AND (correlation_id = ANY (:correlation_ids) OR causation_id = ANY (:event_ids))
ORDER BY position
LIMIT :at_most;

-- name: workspaces_of_event(event_id)
-- Whose event it is; asked of each workspace, for its id comes first in the index.
SELECT w.workspace_id FROM workspaces AS w
WHERE EXISTS (SELECT FROM events AS e WHERE e.workspace_id = w.workspace_id AND e.event_id = :event_id);

-- name: workspaces_of_stream(stream)
SELECT workspace_id FROM workspaces AS w
WHERE EXISTS (SELECT FROM streams AS s WHERE s.workspace_id = w.workspace_id AND s.stream = :stream);
