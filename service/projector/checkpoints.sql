-- How far each projection has come. Everywhere a projection is its name and version: `names` and `versions` are pairs.

-- name: drop_older(name, version)
DELETE FROM projections WHERE name = :name AND version < :version RETURNING version;

-- name: begin(name, version)!
-- Unless it has one, or a newer program has begun a newer version.
INSERT INTO projections (name, version)
SELECT :name, :version
 WHERE NOT EXISTS (SELECT FROM projections WHERE name = :name AND version > :version)
    ON CONFLICT DO NOTHING;

-- name: resume(name, version)!
-- Let a projection that stopped try once more.
UPDATE projections
   SET status = 'running', failed_position = NULL, failed_event_id = NULL, error = NULL
 WHERE name = :name AND version = :version AND status = 'failed';

-- name: find(names, versions)
SELECT name, version, position, status, failed_position, failed_event_id, error
  FROM projections
  JOIN unnest(:names::text[], :versions::integer[]) AS mine (name, version) USING (name, version);

-- name: claim(names, versions, position)
-- Those that stand at `position`, run, and are not being worked on elsewhere: ours until the transaction ends.
SELECT projections.name
  FROM projections
  JOIN unnest(:names::text[], :versions::integer[]) AS mine (name, version) USING (name, version)
 WHERE position = :position AND status = 'running'
   FOR UPDATE OF projections SKIP LOCKED;

-- name: seize(name, version)$
-- The position, whoever works on it being waited for; ours until the transaction ends.
SELECT position FROM projections WHERE name = :name AND version = :version FOR UPDATE;

-- name: move(names, versions, position)!
UPDATE projections
   SET position = :position
  FROM unnest(:names::text[], :versions::integer[]) AS mine (name, version)
 WHERE projections.name = mine.name AND projections.version = mine.version;

-- name: stop(name, version, position, failed_position, failed_event_id, error)!
UPDATE projections
   SET position = :position, status = 'failed',
       failed_position = :failed_position, failed_event_id = :failed_event_id, error = :error
 WHERE name = :name AND version = :version;

-- name: next_event(after)^
SELECT position, event_id FROM feed(:after, 1);

-- name: waiting_since(after)$
-- When the oldest event above a position was recorded.
SELECT recorded_at FROM events WHERE position > :after ORDER BY position LIMIT 1;

-- name: head()$
SELECT coalesce(max(position), 0) FROM events;
