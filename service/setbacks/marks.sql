-- The marks of a database that was set back.

-- name: mark_restored(setback_id, found_at, backup_taken_at)!
INSERT INTO setbacks (setback_id, found_at, position, last_event_at, serial, backup_taken_at)
SELECT :setback_id, :found_at, last.position, last.recorded_at,
       coalesce((SELECT max(serial) FROM audit_checkpoints), 0), :backup_taken_at
  FROM (SELECT 0 AS position, NULL::timestamptz AS recorded_at
         UNION ALL
        (SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1)
         ORDER BY position DESC LIMIT 1) AS last;

-- name: mark_behind(setback_ids, found_at, workspace_ids, published_sizes, published_notes)!
-- What is marked already stays as it is, accepted or not.
INSERT INTO setbacks (setback_id, found_at, position, last_event_at, serial,
                      workspace_id, size, published_size, published_note)
SELECT lost.setback_id, :found_at, last.position, last.recorded_at,
       coalesce((SELECT max(serial) FROM audit_checkpoints), 0),
       lost.workspace_id,
       coalesce((SELECT max(c.size) FROM audit_checkpoints AS c WHERE c.workspace_id = lost.workspace_id), 0),
       lost.size, lost.note
  FROM unnest(:setback_ids::uuid[], :workspace_ids::uuid[], :published_sizes::bigint[], :published_notes::text[])
       AS lost (setback_id, workspace_id, size, note)
 CROSS JOIN (SELECT 0 AS position, NULL::timestamptz AS recorded_at
              UNION ALL
             (SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1)
              ORDER BY position DESC LIMIT 1) AS last
    ON CONFLICT (workspace_id, published_note) DO NOTHING;

-- name: unaccepted()
SELECT found_at, position, last_event_at, serial, backup_taken_at, workspace_id, size, published_size, accepted_at
  FROM setbacks WHERE accepted_at IS NULL
 ORDER BY found_at, setback_id;

-- name: is_accepted()$
SELECT NOT EXISTS (SELECT FROM setbacks WHERE accepted_at IS NULL);

-- name: about(notes)
-- What is known of published checkpoints that this database does not have.
SELECT found_at, position, last_event_at, serial, backup_taken_at, workspace_id, size, published_size, accepted_at
  FROM setbacks WHERE published_note = ANY (:notes::text[]);

-- name: accept(accepted_at)!
UPDATE setbacks SET accepted_at = :accepted_at WHERE accepted_at IS NULL;

-- name: hold()$
-- One accepts at a time.
SELECT pg_advisory_xact_lock(hashtextextended('liftoff restore accept', 0));
