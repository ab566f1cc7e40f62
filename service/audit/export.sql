-- name: events_in(workspace_id, bundle, first, last)
-- Some events of a bundle, counted from 1. Each is found by its position, one at a time: what lies between belongs to
-- other workspaces. Inside the fence (OFFSET 0) nothing but the position is named: before the log's first ANALYZE the
-- planner took the index by workspace instead, and read all of it for each event.
SELECT e.workspace_id, e.position, e.stream, e.version, e.event_id, e.type, e.schema_version, e.actor, e.correlation_id,
       e.causation_id, e.epoch, e.recorded_at, e.payload
  FROM audit_bundles AS b
 CROSS JOIN LATERAL unnest(b.positions[:first::integer : :last::integer]) AS wanted (position)
 CROSS JOIN LATERAL (SELECT * FROM events AS s
                      WHERE s.position = wanted.position OFFSET 0) AS e
 WHERE b.workspace_id = :workspace_id AND b.bundle = :bundle AND e.workspace_id = b.workspace_id
 ORDER BY e.position;

-- name: tiles_of(workspace_id, level, first, last)
SELECT tile, hashes
  FROM audit_tiles
 WHERE workspace_id = :workspace_id AND level = :level AND tile BETWEEN :first AND :last
 ORDER BY tile;
