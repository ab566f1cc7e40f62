-- The log, lead by lead.

-- name: roster_page(workspace_id, stream, after, upto, at_most)
-- The next events of a roster, up to a position of the log.
SELECT position, workspace_id, stream, version, event_id, type, schema_version, actor, correlation_id, causation_id, epoch,
       recorded_at, payload
FROM events
WHERE workspace_id = :workspace_id AND stream = :stream AND version > :after AND position <= :upto
ORDER BY version
LIMIT :at_most;

-- name: events_of_leads(workspace_id, streams, upto)
-- All events of some leads, up to a position of the log.
SELECT position, workspace_id, stream, version, event_id, type, schema_version, actor, correlation_id, causation_id, epoch,
       recorded_at, payload
FROM events
WHERE workspace_id = :workspace_id AND stream = ANY (:streams) AND position <= :upto
ORDER BY stream, version;
