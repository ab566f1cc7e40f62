-- name: append(workspaces, epochs, actors, correlation_ids, causation_ids, times, named_requests, append_ids, digests, guard_requests, guard_streams, guard_epochs, requests, write_streams, expected, raised_fences, counts, event_ids, types, schema_versions, payloads)
-- Many requests at once, an outcome for each; what the columns hold, the function says.
SELECT request, outcome, stream, actual, epoch, versions, positions, event_ids
  FROM append(
    :workspaces, :epochs, :actors, :correlation_ids, :causation_ids, :times,
    :named_requests, :append_ids, :digests,
    :guard_requests, :guard_streams, :guard_epochs,
    :requests, :write_streams, :expected, :raised_fences, :counts,
    :event_ids, :types, :schema_versions, :payloads);

-- name: read-streams(streams, at_most, workspace_id, after_version)
-- LATERAL and OFFSET 0 keep it at one look into the primary key for each stream: asked for all of them in order, the planner
-- may walk through the whole workspace instead. `at_most` is no limit, but as many as there are streams: of an array of
-- unknown length the planner expects so much that it would plan the statement anew each time, which takes several times as
-- long as to execute it.
SELECT e.position, e.workspace_id, e.stream, e.version, e.event_id, e.type, e.schema_version,
       e.actor, e.correlation_id, e.causation_id, e.epoch, e.recorded_at, e.payload
  FROM (SELECT * FROM unnest(:streams::text[]) LIMIT :at_most) AS asked (stream),
       LATERAL (
         SELECT * FROM events
          WHERE workspace_id = :workspace_id AND stream = asked.stream AND version > :after_version
         OFFSET 0
       ) AS e
 ORDER BY e.stream, e.version;

-- name: heads(streams, at_most, workspace_id)
-- `at_most` is the number of streams, as above.
SELECT s.stream, s.version, s.last_position, s.fence
  FROM (SELECT * FROM unnest(:streams::text[]) LIMIT :at_most) AS asked (stream),
       LATERAL (
         SELECT * FROM streams WHERE workspace_id = :workspace_id AND stream = asked.stream LIMIT 1
       ) AS s;
