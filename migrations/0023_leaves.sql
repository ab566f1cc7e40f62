-- The leaf of an event is made where the event is, so that sealing reads hashes instead of events. What a leaf is, and what
-- the auditors' program takes it for, service/audit/leaf.py says: these bytes are signed, and can never be others.

-- Of both the payload is text: whoever has json makes text of it once, which takes its time for the events about a thousand
-- leads.

-- Whether a payload is too large for its leaf.
CREATE FUNCTION is_detached(payload text) RETURNS boolean
LANGUAGE sql STABLE
RETURN octet_length(payload) > 32768;

-- One expression, so that the planner puts it in the place of its call.
CREATE FUNCTION leaf(
    workspace_id uuid, stream text, version bigint, "position" bigint, event_id uuid, type text, schema_version integer,
    actor text, correlation_id uuid, causation_id uuid, epoch integer, recorded_at timestamptz, payload text
) RETURNS bytea
LANGUAGE sql STABLE
RETURN convert_to(
    format(
        '["%s","%s",%s,%s,%s,"%s",%s,%s,%s,"%s",%s,%s,"%s",%s]',
        CASE WHEN is_detached(payload) THEN 'v1-detached' ELSE 'v1' END,
        workspace_id, to_json(stream), version, "position", event_id, to_json(type), schema_version, to_json(actor),
        correlation_id, coalesce(to_json(causation_id)::text, 'null'), coalesce(epoch::text, 'null'),
        to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        CASE WHEN is_detached(payload)
             THEN format('["%s",%s]', encode(sha256(convert_to(payload, 'UTF8')), 'hex'), octet_length(payload))
             ELSE payload
        END
    ),
    'UTF8'
);

REVOKE ALL ON FUNCTION is_detached, leaf FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_detached, leaf TO liftoff_app;
