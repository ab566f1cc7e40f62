-- name: entries_of(workspace_id, bundle, width)^
-- The first entries of a bundle as one piece, each behind its length in two bytes, and the positions of those whose payload
-- lies beside. Each event is found by its position, one at a time: what lies between belongs to other workspaces. Inside
-- the fence (OFFSET 0) nothing but the position is named: before the log's first ANALYZE the planner took the index by
-- workspace instead, and read all of it for each event.
SELECT string_agg(substr(int4send(octet_length(entry)), 3) || entry, ''::bytea ORDER BY position) AS entries,
       coalesce(array_agg(position ORDER BY position) FILTER (WHERE detached), '{}') AS detached
  FROM (SELECT e.position, is_detached(e.written) AS detached,
               leaf(e.workspace_id, e.stream, e.version, e.position, e.event_id, e.type, e.schema_version, e.actor,
                    e.correlation_id, e.causation_id, e.epoch, e.recorded_at, e.written) AS entry
          FROM audit_bundles AS b
         CROSS JOIN LATERAL unnest(b.positions[1 : :width::integer]) AS wanted (position)
         CROSS JOIN LATERAL (SELECT s.*, s.payload::text AS written FROM events AS s
                              WHERE s.position = wanted.position OFFSET 0) AS e
         WHERE b.workspace_id = :workspace_id AND b.bundle = :bundle AND e.workspace_id = b.workspace_id
        OFFSET 0) AS leaves;

-- name: payload_at(position, workspace_id)$
SELECT payload
  FROM (SELECT workspace_id, payload FROM events WHERE position = :position OFFSET 0) AS e
 WHERE workspace_id = :workspace_id;

-- name: tiles_of(workspace_id, level, first, last)
SELECT tile, hashes
  FROM audit_tiles
 WHERE workspace_id = :workspace_id AND level = :level AND tile BETWEEN :first AND :last
 ORDER BY tile;
