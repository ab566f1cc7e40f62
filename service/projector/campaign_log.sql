-- name: of_streams(workspace_id, streams, after, until)
-- The events of some streams in the order of the log.
SELECT position, workspace_id, stream, version, event_id, type, schema_version,
       actor, correlation_id, causation_id, epoch, recorded_at, payload
  FROM events
 WHERE workspace_id = :workspace_id AND stream = ANY (:streams) AND position > :after AND position <= :until
 ORDER BY position;
