-- name: append(workspaces, epochs, actors, correlation_ids, causation_ids, times, named_requests, append_ids, digests, guard_requests, guard_streams, guard_epochs, requests, write_streams, expected, raised_fences, counts, event_ids, types, schema_versions, payloads)
-- Many requests at once, an outcome for each; what the columns hold, the function says.
SELECT request, outcome, stream, actual, epoch, versions, positions, event_ids
  FROM append(
    :workspaces, :epochs, :actors, :correlation_ids, :causation_ids, :times,
    :named_requests, :append_ids, :digests,
    :guard_requests, :guard_streams, :guard_epochs,
    :requests, :write_streams, :expected, :raised_fences, :counts,
    :event_ids, :types, :schema_versions, :payloads);

-- name: read-streams(workspace_id, streams, after_version)
SELECT position, workspace_id, stream, version, event_id, type, schema_version,
       actor, correlation_id, causation_id, epoch, recorded_at, payload
  FROM events
 WHERE workspace_id = :workspace_id AND stream = ANY (:streams) AND version > :after_version
 ORDER BY stream, version;

-- name: heads(workspace_id, streams)
SELECT stream, version, last_position, fence
  FROM streams
 WHERE workspace_id = :workspace_id AND stream = ANY (:streams);
