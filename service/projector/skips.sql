-- name: of(names, versions)
-- The events that these versions of projections leave out.
SELECT name, position
  FROM projection_skips
  JOIN unnest(:names::text[], :versions::integer[]) AS mine (name, version) USING (name, version);

-- name: stopped_at(name, version)^
-- The event at which a projection stands still, and whose it is; ours to move until the transaction ends.
SELECT projections.failed_position AS position, projections.failed_event_id AS event_id, events.workspace_id
  FROM projections
  JOIN events ON events.position = projections.failed_position
 WHERE name = :name AND projections.version = :version AND status = 'failed'
   FOR UPDATE OF projections;

-- name: leave_out(workspace_id, name, version, position, event_id)!
INSERT INTO projection_skips (workspace_id, name, version, position, event_id)
VALUES (:workspace_id, :name, :version, :position, :event_id);

-- name: go_on_behind(name, version, position)!
UPDATE projections
   SET position = :position, status = 'running', failed_position = NULL, failed_event_id = NULL, error = NULL
 WHERE name = :name AND version = :version;
