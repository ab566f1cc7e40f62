-- name: hold()$
-- Whoever seals is waited for; the progress is ours until the transaction ends.
SELECT position FROM audit_progress FOR UPDATE;

-- name: position()$
SELECT position FROM audit_progress;

-- name: move(position)!
UPDATE audit_progress SET position = :position;

-- name: leaf_hashes(after, at_most)
-- The hashes of the next leaves (RFC 6962: behind a zero byte), in the order of the feed. A page without events is one row.
SELECT upto, position, workspace_id,
       sha256('\x00'::bytea || leaf(workspace_id, stream, version, position, event_id, type, schema_version, actor,
                                    correlation_id, causation_id, epoch, recorded_at, written)) AS hash
  FROM feed(:after, :at_most)
 CROSS JOIN LATERAL (SELECT payload::text OFFSET 0) AS text (written);

-- name: size(workspace_id)$
SELECT size FROM audit_trees WHERE workspace_id = :workspace_id;

-- name: set_size(workspace_id, size)!
INSERT INTO audit_trees (workspace_id, size) VALUES (:workspace_id, :size)
    ON CONFLICT (workspace_id) DO UPDATE SET size = excluded.size;

-- name: tiles(workspace_id, levels, tiles)
SELECT level, tile, hashes
  FROM audit_tiles
  JOIN unnest(:levels::smallint[], :tiles::bigint[]) AS wanted (level, tile) USING (level, tile)
 WHERE workspace_id = :workspace_id;

-- name: write_tiles(workspace_id, levels, tiles, hashes)!
INSERT INTO audit_tiles (workspace_id, level, tile, hashes)
SELECT :workspace_id, changed.*
  FROM unnest(:levels::smallint[], :tiles::bigint[], :hashes::bytea[]) AS changed
    ON CONFLICT (workspace_id, level, tile) DO UPDATE SET hashes = excluded.hashes;

-- name: number(workspace_id, first, positions)!
-- Give the events at these positions the numbers from `first` on.
INSERT INTO audit_bundles AS b (workspace_id, bundle, positions)
SELECT :workspace_id, number / 256, array_agg(position ORDER BY number)
  FROM (SELECT :first::bigint + n - 1 AS number, position
          FROM unnest(:positions::bigint[]) WITH ORDINALITY AS e (position, n)) AS numbered
 GROUP BY number / 256
    ON CONFLICT (workspace_id, bundle) DO UPDATE SET positions = b.positions || excluded.positions;

-- name: promise(workspace_id, size, key_number, note, sealed_at)!
INSERT INTO audit_checkpoints (workspace_id, size, key_number, note, sealed_at)
VALUES (:workspace_id, :size, :key_number, :note, :sealed_at);
