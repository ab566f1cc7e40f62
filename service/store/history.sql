-- name: settled_position()$
SELECT settled_position();

-- name: all_events(workspace_id, after, upto, at_most)
-- A workspace's events in order.
SELECT workspace_id, position, stream, version, event_id, type, schema_version, actor, correlation_id, causation_id, epoch,
       recorded_at, payload
FROM events
WHERE workspace_id = :workspace_id AND position > :after AND position <= :upto
ORDER BY position
LIMIT :at_most;

-- name: events_of(workspace_id, streams, after, upto, at_most)
-- The events of some streams in order.
SELECT workspace_id, position, stream, version, event_id, type, schema_version, actor, correlation_id, causation_id, epoch,
       recorded_at, payload
FROM events
WHERE workspace_id = :workspace_id AND stream = ANY (:streams) AND position > :after AND position <= :upto
ORDER BY position
LIMIT :at_most;
