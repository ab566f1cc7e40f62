-- Everything that is shown of a campaign but its texts, in one statement: that is one round trip, and one moment.

-- name: look(workspace_id, campaign_id, own, roster, streams, versions, at_most, projection, projection_version)^
-- Of each of the streams the id of the event it is known up to, so that it can be told to be the same history still, and
-- its events since then. LATERAL, so that all is looked up by primary keys, however little the planner knows. `at_most` is no limit, but
-- as many as the arrays have: of arrays of unknown length the planner expects so much that it would plan the
-- statement anew each time, which takes several times as long as to execute it. `written` is the position of the last event of the
-- campaign and its roster, `counted` that of the last event that is in the counts.
SELECT
    ARRAY(
        SELECT ROW(e.stream, e.event_id, CASE WHEN e.version > known.version THEN ROW(
            e.position, e.workspace_id, e.stream, e.version, e.event_id, e.type, e.schema_version,
            e.actor, e.correlation_id, e.causation_id, e.epoch, e.recorded_at, e.payload
        ) END)
        FROM (
            SELECT * FROM unnest(:streams::text[], :versions::bigint[]) LIMIT :at_most
        ) AS known (stream, version),
        LATERAL (
            SELECT * FROM events
            WHERE workspace_id = :workspace_id AND stream = known.stream AND version >= known.version
            ORDER BY version
        ) AS e
        ORDER BY e.version
    ) AS events,
    ARRAY(
        SELECT ROW(kind, key, n) FROM campaign_counts
        WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
    ) AS counts,
    (
        SELECT max(last_position) FROM streams
        WHERE workspace_id = :workspace_id AND stream IN (:own, :roster)
    ) AS written,
    (
        SELECT position FROM projections WHERE name = :projection AND version = :projection_version
    ) AS counted;
