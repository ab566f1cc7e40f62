-- name: append(workspaces, epochs, actors, correlation_ids, causation_ids, times, named_requests, append_ids, digests, guard_requests, guard_streams, guard_epochs, requests, write_streams, expected, raised_fences, counts, event_ids, types, schema_versions, payloads)
-- Many requests at once, an outcome for each; what the columns hold, the function says.
SELECT request, outcome, stream, actual, epoch, versions, positions, event_ids
  FROM append(
    :workspaces, :epochs, :actors, :correlation_ids, :causation_ids, :times,
    :named_requests, :append_ids, :digests,
    :guard_requests, :guard_streams, :guard_epochs,
    :requests, :write_streams, :expected, :raised_fences, :counts,
    :event_ids, :types, :schema_versions, :payloads);

-- name: read-streams(streams, workspace_id, after_version)
-- The events of each stream, in order. LATERAL and OFFSET 0 keep it at one look into the index for each stream: asked for
-- all of them in order, the planner may walk through the whole workspace instead.
SELECT e.position, e.workspace_id, e.stream, e.version, e.event_id, e.type, e.schema_version,
       e.actor, e.correlation_id, e.causation_id, e.epoch, e.recorded_at, e.payload
  FROM unnest(:streams::text[]) AS s (stream)
 CROSS JOIN LATERAL (
       SELECT * FROM events AS one
        WHERE one.workspace_id = :workspace_id AND one.stream = s.stream AND one.version > :after_version
       OFFSET 0) AS e
 ORDER BY e.stream, e.version;

-- name: heads(workspace_id, streams)
SELECT stream, version, last_position, fence
  FROM streams
 WHERE workspace_id = :workspace_id AND stream = ANY (:streams);
