-- name: facts_of(workspace_id, lead_stream, roster_stream, lead_id)
-- The events that tell of one lead: its own, and those of the campaign's roster that name it. The ids in a payload are
-- hyphenated lower-case text, so the text tells which batches to open.
SELECT position, workspace_id, stream, version, event_id, type, schema_version, actor, correlation_id, causation_id, epoch,
       recorded_at, payload
FROM events
WHERE workspace_id = :workspace_id
  AND (stream = :lead_stream OR (stream = :roster_stream AND payload::text LIKE '%' || :lead_id || '%'))
ORDER BY position;
