-- The event log: streams of events that are only ever appended, with one way in (`append`) and one way to follow it
-- (`feed`). Whoever wants to know why readers never skip an event reads the comment at `feed`.


-- Tables.

-- One row per stream, its head: what `append` locks and compares.
CREATE TABLE streams (
    workspace_id  uuid    NOT NULL,
    stream        text    COLLATE "C" NOT NULL,
    version       bigint  NOT NULL DEFAULT 0,   -- how many events the stream has
    last_position bigint  NOT NULL DEFAULT 0,   -- the position of the last of them
    fence         integer NOT NULL DEFAULT 0,   -- the lowest epoch that may still write
    PRIMARY KEY (workspace_id, stream)
) WITH (fillfactor = 70);                       -- room to update a head without touching its index

CREATE TABLE events (
    workspace_id   uuid        NOT NULL,
    stream         text        COLLATE "C" NOT NULL,
    version        bigint      NOT NULL,        -- 1, 2, 3 ... within the stream
    position       bigint      NOT NULL,        -- the order of all events of this database, with holes
    event_id       uuid        NOT NULL,
    type           text        NOT NULL,
    schema_version integer     NOT NULL,
    actor          text        NOT NULL,
    correlation_id uuid        NOT NULL,
    causation_id   uuid,
    epoch          integer,
    recorded_at    timestamptz NOT NULL,
    payload        json        NOT NULL,        -- json, not jsonb: the very bytes that were written
    PRIMARY KEY (workspace_id, stream, version)
);
CREATE INDEX events_position ON events (position);
CREATE INDEX events_event_id ON events (workspace_id, event_id);

-- The first answer to every append that gave itself an id; its positions are those of its events.
CREATE TABLE appends (
    workspace_id uuid     NOT NULL,
    append_id    uuid     NOT NULL,
    digest       bytea    NOT NULL,
    versions     bigint[] NOT NULL,             -- of the streams written, in the order of the request
    event_ids    uuid[]   NOT NULL CHECK (cardinality(event_ids) > 0),
    PRIMARY KEY (workspace_id, append_id)
);

-- CACHE 1, for a session with values in stock would store events below a floor it takes later. The upper bound leaves
-- 16 bits of the floor lock's key for its tag.
CREATE SEQUENCE event_positions AS bigint MAXVALUE 281474976710655 CACHE 1 NO CYCLE;


-- History is never edited, not by the owner either. ALWAYS, so that session_replication_role is no back door.

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = liftoff, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% of %.% refused: history is never edited', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'prohibited_sql_statement_attempted',
              HINT = 'Undo a fact by appending a compensating event that names it.';
END
$$;

CREATE TRIGGER events_are_only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_only_appended;

CREATE TRIGGER answers_are_only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON appends
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE appends ENABLE ALWAYS TRIGGER answers_are_only_appended;


-- What append and feed share.

CREATE FUNCTION require_read_committed() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'the event log can''t be used under %', upper(current_setting('transaction_isolation'))
            USING ERRCODE = 'invalid_transaction_state',
                  HINT = 'Begin the transaction READ COMMITTED: under a fixed snapshot events would be skipped.';
    END IF;
END
$$;

-- L for the reader, F for the appender: see feed. Not is_called means that 1 is still to be drawn.
CREATE FUNCTION last_drawn_position() RETURNS bigint
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM event_positions);
END
$$;

-- The floor lock's key is a tag ('LF') in the upper 16 bits, so that it is no other advisory lock's, and F below it.
CREATE FUNCTION lock_floor() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(x'4C46'::bigint << 48 | last_drawn_position());
END
$$;

-- NULL when no append is under way. The view shows a key as two halves of 32 bits.
CREATE FUNCTION least_locked_floor() RETURNS bigint
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN (
        SELECT min((l.classid::bigint & x'FFFF'::bigint) << 32 | l.objid::bigint)
          FROM pg_locks AS l
         WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.classid::bigint >> 16 = x'4C46'::bigint
           AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    );
END
$$;


-- Append. `append`, at the end, is the table of contents; the functions before it are its chapters.
--
-- Requests travel as columns: one array per attribute, one element per request, per stream written or per event.
-- Elements of different arrays are brought together by subscript, and rows of tables by LATERAL (... OFFSET 0), which
-- is always one look into the index. So no statement has a plan that turns bad with many elements or a grown table.

-- The answer to one request. Which columns are set depends on `outcome`:
--   appended          versions (of the streams written), positions (of the events)
--   repeated          versions, positions, event_ids: the first answer
--   append-id-reused  none
--   fenced            stream, actual (its fence), epoch (the one that is too old)
--   conflict          stream, actual (its version)
CREATE TYPE append_outcome AS (
    request   integer,
    outcome   text,
    stream    text,
    actual    bigint,
    epoch     integer,
    versions  bigint[],
    positions bigint[],
    event_ids uuid[]
);

-- Locks the fences that requests rely on (shared) and those they raise (exclusive), to the end of the transaction.
-- Not FOR SHARE on the head of the guarding stream: row locks are not fair, and while many write under a guard, who
-- wants to raise its fence would wait for seconds. Streams that happen to have the same key just wait for each other.
CREATE FUNCTION lock_fences(
    workspaces uuid[], requests integer[], write_streams text[], raised_fences integer[],
    guard_requests integer[], guard_streams text[]
) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    keys     bigint[];
    raised   boolean[];
    disputed text;
BEGIN
    SELECT array_agg(f.key ORDER BY f.key, f.raised DESC), array_agg(f.raised ORDER BY f.key, f.raised DESC),
           min(f.stream) FILTER (WHERE f.raised AND f.first_request < f.last_request)
      INTO keys, raised, disputed
      FROM (SELECT u.stream, bool_or(u.raised) AS raised,
                   min(u.request) AS first_request, max(u.request) AS last_request,
                   x'4645'::bigint << 48      -- a tag ('FE'), as for the floor lock
                   | hashtextextended(workspaces[min(u.request)] || u.stream, 0) & x'FFFFFFFFFFFF'::bigint AS key
              FROM (SELECT w.request, w.stream, true AS raised
                      FROM unnest(requests, write_streams, raised_fences) AS w (request, stream, fence)
                     WHERE w.fence IS NOT NULL
                     UNION ALL
                    SELECT g.request, g.stream, false
                      FROM unnest(guard_requests, guard_streams) AS g (request, stream)) AS u
             GROUP BY workspaces[u.request], u.stream) AS f;

    IF disputed IS NOT NULL THEN
        RAISE EXCEPTION 'one request raises the fence of %, another relies on it', disputed
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Send the second request in the next call.';
    END IF;

    PERFORM CASE WHEN f.raised THEN pg_advisory_xact_lock(f.key) ELSE pg_advisory_xact_lock_shared(f.key) END
       FROM unnest(keys, raised) AS f (key, raised);
END
$$;

-- What speaks against the requests, the weightiest first: the ledger, then fences, then expectations.
-- `versions` and `fences` are those of the heads to write, read after they were locked.
CREATE FUNCTION objections(
    workspaces uuid[], epochs integer[],
    named_requests integer[], append_ids uuid[], digests bytea[],
    guard_requests integer[], guard_streams text[], guard_epochs integer[],
    requests integer[], write_streams text[], expected bigint[], versions bigint[], fences integer[]
) RETURNS SETOF append_outcome
LANGUAGE plpgsql
AS $$
BEGIN
    IF cardinality(append_ids) > 0 THEN
        RETURN QUERY
        SELECT n.request, CASE WHEN a.digest = n.digest THEN 'repeated' ELSE 'append-id-reused' END,
               NULL::text, NULL::bigint, NULL::integer, a.versions,
               (SELECT array_agg(e.position ORDER BY i.n)
                  FROM unnest(a.event_ids) WITH ORDINALITY AS i (event_id, n)
                 CROSS JOIN LATERAL (SELECT s.position FROM events AS s
                                      WHERE s.workspace_id = a.workspace_id AND s.event_id = i.event_id OFFSET 0) AS e),
               a.event_ids
          FROM unnest(named_requests, append_ids, digests) AS n (request, append_id, digest)
         CROSS JOIN LATERAL (SELECT * FROM appends AS s
                              WHERE s.workspace_id = workspaces[n.request] AND s.append_id = n.append_id OFFSET 0) AS a;
    END IF;

    IF cardinality(guard_streams) > 0 THEN
        RETURN QUERY
        SELECT g.request, 'fenced', g.stream, h.fence::bigint, g.epoch, NULL::bigint[], NULL::bigint[], NULL::uuid[]
          FROM unnest(guard_requests, guard_streams, guard_epochs) AS g (request, stream, epoch)
         CROSS JOIN LATERAL (SELECT s.fence FROM streams AS s
                              WHERE s.workspace_id = workspaces[g.request] AND s.stream = g.stream OFFSET 0) AS h
         WHERE g.epoch < h.fence;
    END IF;

    RETURN QUERY
    SELECT w.request, CASE WHEN w.fenced THEN 'fenced' ELSE 'conflict' END, w.stream,
           CASE WHEN w.fenced THEN w.fence ELSE w.version END, CASE WHEN w.fenced THEN epochs[w.request] END,
           NULL::bigint[], NULL::bigint[], NULL::uuid[]
      FROM (SELECT u.*, coalesce(epochs[u.request] < u.fence, false) AS fenced
              FROM unnest(requests, write_streams, expected, versions, fences)
                   AS u (request, stream, expected, version, fence)) AS w
     WHERE w.fenced OR w.expected <> w.version
     ORDER BY w.fenced DESC;
END
$$;

-- Takes the append ids of the requests nothing speaks against, and objects to those that lost a race for one.
-- Such a race is won by an append to other streams (one to the same would have held their heads): by other content.
CREATE FUNCTION claim_append_ids(
    workspaces uuid[], refused boolean[], named_requests integer[], append_ids uuid[], digests bytea[],
    requests integer[], versions bigint[], counts integer[], ends integer[], event_ids uuid[]
) RETURNS SETOF append_outcome
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN QUERY
    WITH claim AS MATERIALIZED (
        SELECT n.request, workspaces[n.request] AS workspace_id, n.append_id, n.digest, a.versions, a.event_ids
          FROM unnest(named_requests, append_ids, digests) AS n (request, append_id, digest)
          JOIN (SELECT w.request, array_agg(versions[w.n] ORDER BY w.n) AS versions,
                       event_ids[min(ends[w.n] - counts[w.n]) + 1 : max(ends[w.n])] AS event_ids
                  FROM unnest(requests) WITH ORDINALITY AS w (request, n)
                 GROUP BY w.request) AS a USING (request)
         WHERE NOT refused[n.request]
    ), claimed AS (
        INSERT INTO appends AS a (workspace_id, append_id, digest, versions, event_ids)
        SELECT c.workspace_id, c.append_id, c.digest, c.versions, c.event_ids
          FROM claim AS c
         ORDER BY c.workspace_id, c.append_id
            ON CONFLICT DO NOTHING
        RETURNING a.workspace_id, a.append_id, a.digest
    )
    SELECT c.request, 'append-id-reused',
           NULL::text, NULL::bigint, NULL::integer, NULL::bigint[], NULL::bigint[], NULL::uuid[]
      FROM claim AS c
     WHERE (c.workspace_id, c.append_id, c.digest) NOT IN (SELECT * FROM claimed);
END
$$;

-- Stores the events of all requests that were not refused, and moves their heads to `versions`.
CREATE FUNCTION store_events(
    workspaces uuid[], epochs integer[], actors text[], correlation_ids uuid[], causation_ids uuid[],
    times timestamptz[], refused boolean[],
    requests integer[], write_streams text[], versions bigint[], raised_fences integer[], counts integer[], ends integer[],
    event_ids uuid[], types text[], schema_versions integer[], payloads text[]
) RETURNS SETOF append_outcome
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN QUERY
    WITH drawn AS MATERIALIZED (
        -- nextval stands outside the sorted subquery: positions are drawn in the order of the events.
        SELECT e.*, nextval('event_positions') AS position
          FROM (SELECT w.n, w.request, versions[w.n] - w.count + nth AS version, ends[w.n] - w.count + nth AS event
                  FROM unnest(requests, counts) WITH ORDINALITY AS w (request, count, n)
                 CROSS JOIN LATERAL generate_series(1, w.count) AS nth
                 WHERE NOT refused[w.request]
                 ORDER BY event) AS e
    ), stored AS (
        INSERT INTO events (workspace_id, stream, version, position, event_id, type, schema_version,
                            actor, correlation_id, causation_id, epoch, recorded_at, payload)
        SELECT workspaces[d.request], write_streams[d.n], d.version, d.position,
               event_ids[d.event], types[d.event], schema_versions[d.event],
               actors[d.request], correlation_ids[d.request], causation_ids[d.request], epochs[d.request],
               times[d.request], payloads[d.event]::json
          FROM drawn AS d
    ), written AS MATERIALIZED (
        -- One row per event, and one per stream, which need not have got an event.
        SELECT d.request, d.n, d.event, d.position FROM drawn AS d
         UNION ALL
        SELECT w.request, w.n, NULL, 0
          FROM unnest(requests) WITH ORDINALITY AS w (request, n) WHERE NOT refused[w.request]
    ), moved AS (
        -- An upsert whose row is always there, and locked: unlike UPDATE ... FROM it leaves no plan to choose.
        INSERT INTO streams AS head (workspace_id, stream, version, last_position, fence)
        SELECT workspaces[w.request], write_streams[w.n], versions[w.n], max(w.position), coalesce(raised_fences[w.n], 0)
          FROM written AS w
         GROUP BY w.request, w.n
            ON CONFLICT (workspace_id, stream) DO UPDATE
           SET version = excluded.version,
               last_position = greatest(head.last_position, excluded.last_position),
               fence = greatest(head.fence, excluded.fence)
    )
    SELECT w.request, 'appended', NULL::text, NULL::bigint, NULL::integer,
           array_agg(versions[w.n] ORDER BY w.n) FILTER (WHERE w.event IS NULL),
           array_agg(w.position ORDER BY w.event) FILTER (WHERE w.event IS NOT NULL),
           NULL::uuid[]
      FROM written AS w
     GROUP BY w.request;
END
$$;

-- One transaction, many requests, each stored whole or refused, each with its outcome. The requests of a call write
-- different streams (else the upsert of heads fails), and none raises a fence that another relies on.
--
-- No two calls deadlock. A call waits in four places, in this order, and in each in the order of keys: (1) for fences,
-- (2) to create a head that another call is creating, (3) for heads that exist, (4) to claim an append id that another
-- call is claiming. In (3) it never waits for a head that a call under way has created: in (2) it would have waited for
-- that call to end. So whoever waits in one place waits for something taken in that place, by a call that waits, if at
-- all, there or in a later one. In a ring all would therefore wait in the same place; but there the greatest of the
-- keys waited for is held by one who waits for a greater one. (Who calls twice in a transaction sees to it himself.)
CREATE FUNCTION append(
    -- one element per request
    workspaces uuid[], epochs integer[], actors text[], correlation_ids uuid[], causation_ids uuid[], times timestamptz[],
    -- one per request that has an append id
    named_requests integer[], append_ids uuid[], digests bytea[],
    -- one per request that has a guard
    guard_requests integer[], guard_streams text[], guard_epochs integer[],
    -- one per stream to write, in the order of the requests; `counts` says how many events it gets
    -- (`expected` is its version: 0 when new, NULL for any)
    requests integer[], write_streams text[], expected bigint[], raised_fences integer[], counts integer[],
    -- one per event, in the order of the streams
    event_ids uuid[], types text[], schema_versions integer[], payloads text[]
) RETURNS SETOF append_outcome
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = liftoff, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    refused  boolean[] := array_fill(false, ARRAY[cardinality(workspaces)]);
    refusal  append_outcome;
    found    bigint[];      -- the version of each stream to write, as it is
    fences   integer[];
    versions bigint[];      -- and as it will be
    ends     integer[];     -- how many events there are up to the last of this stream
BEGIN
    PERFORM require_read_committed();
    IF cardinality(guard_streams) + cardinality(array_remove(raised_fences, NULL)) > 0 THEN
        PERFORM lock_fences(workspaces, requests, write_streams, raised_fences, guard_requests, guard_streams);
    END IF;

    INSERT INTO streams (workspace_id, stream)
    SELECT workspaces[w.request], w.stream
      FROM unnest(requests, write_streams) AS w (request, stream)
     WHERE NOT EXISTS (SELECT FROM streams AS s
                        WHERE s.workspace_id = workspaces[w.request] AND s.stream = w.stream)
     ORDER BY workspaces[w.request], w.stream COLLATE "C"
        ON CONFLICT DO NOTHING;

    SELECT array_agg(h.version ORDER BY w.n), array_agg(h.fence ORDER BY w.n),
           array_agg(h.version + w.count ORDER BY w.n), array_agg(w.until ORDER BY w.n)
      INTO found, fences, versions, ends
      FROM (SELECT u.*, sum(u.count) OVER (ORDER BY u.n)::integer AS until
              FROM unnest(requests, write_streams, counts) WITH ORDINALITY AS u (request, stream, count, n)
             ORDER BY workspaces[u.request], u.stream COLLATE "C") AS w
     CROSS JOIN LATERAL (SELECT s.version, s.fence FROM streams AS s
                          WHERE s.workspace_id = workspaces[w.request] AND s.stream = w.stream FOR UPDATE) AS h;

    FOR refusal IN
        SELECT * FROM objections(workspaces, epochs, named_requests, append_ids, digests, guard_requests, guard_streams,
                                 guard_epochs, requests, write_streams, expected, found, fences)
    LOOP
        CONTINUE WHEN refused[refusal.request];
        refused[refusal.request] := true;
        RETURN NEXT refusal;
    END LOOP;

    IF cardinality(append_ids) > 0 THEN
        FOR refusal IN
            SELECT * FROM claim_append_ids(workspaces, refused, named_requests, append_ids, digests,
                                           requests, versions, counts, ends, event_ids)
        LOOP
            refused[refusal.request] := true;
            RETURN NEXT refusal;
        END LOOP;
    END IF;

    IF false = ANY (refused) THEN
        PERFORM lock_floor();   -- before the first position is drawn, and after all waiting
        RETURN QUERY
        SELECT * FROM store_events(workspaces, epochs, actors, correlation_ids, causation_ids, times, refused,
                                   requests, write_streams, versions, raised_fences, counts, ends,
                                   event_ids, types, schema_versions, payloads);
    END IF;
END
$$;


-- Feed: the events after a position, in order, at most `most`. Each row says up to where this page has read, which may
-- be beyond its last event; a page without events is one row with nothing else.
--
-- It skips no event, in whatever order transactions commit. The argument, each step with the test that fails without it
-- (tests/store/test_feed.py):
--   * An appender locks the last position drawn so far, F, before it draws: all its positions are above its F, and what
--     lies up to F is no business of its own. [a late commit of a lower position is not skipped]
--   * Before the first position of all is drawn, F is 0. [the very first append holds back the feed]
--   * Values of the sequence are drawn one at a time, never in stock. [positions are drawn one by one]
--   * The lock is held until the events are visible: Postgres releases locks after it has made a commit visible.
--     Or until the rollback, and then no event will ever have those positions. [holes left by rollbacks are passed]
--   * The reader first takes the last position drawn, L, then looks at the locks. So whoever draws up to L held its lock
--     before that look. If it is still held, the reader stops at the least F. If not, that transaction has ended.
--     [positions drawn between the two looks are left for later]
--   * It reads by a statement of its own, whose snapshot is younger than the look at the locks: what has ended is seen.
--     (For that the function is VOLATILE.) [a commit just before the look at the locks is seen]
--   * It refuses any isolation under which statements share a snapshot. [the feed refuses a fixed snapshot]
--   * Only locks of this database count. [a transaction idle in another database does not stall the feed]
--   * It never goes back, though an appender may lock an F that is old by then. [a floor below the reader is harmless]
-- Locks are known to the primary only: a standby can't serve the feed.

CREATE FUNCTION feed(after bigint, most integer)
RETURNS TABLE (
    upto bigint, "position" bigint, workspace_id uuid, stream text, version bigint, event_id uuid, type text,
    schema_version integer, actor text, correlation_id uuid, causation_id uuid, epoch integer, recorded_at timestamptz,
    payload json
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = liftoff, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
AS $$
DECLARE
    horizon bigint;
BEGIN
    PERFORM require_read_committed();
    horizon := last_drawn_position();
    horizon := greatest(after, least(horizon, least_locked_floor()));

    upto := coalesce((SELECT e.position FROM events AS e
                       WHERE e.position > after AND e.position <= horizon
                       ORDER BY e.position OFFSET most - 1 LIMIT 1), horizon);
    RETURN QUERY
    SELECT upto, e.position, e.workspace_id, e.stream, e.version, e.event_id, e.type,
           e.schema_version, e.actor, e.correlation_id, e.causation_id, e.epoch, e.recorded_at, e.payload
      FROM events AS e
     WHERE e.position > after AND e.position <= upto
     ORDER BY e.position;
    IF NOT FOUND THEN
        RETURN NEXT;
    END IF;
END
$$;


-- The application reads, and appends by the function; it has no other right.
REVOKE ALL ON FUNCTION refuse_change, require_read_committed, last_drawn_position, lock_floor, least_locked_floor,
    lock_fences, objections, claim_append_ids, store_events, append, feed FROM PUBLIC;
GRANT SELECT ON streams, events, appends TO liftoff_app;
GRANT EXECUTE ON FUNCTION append, feed TO liftoff_app;
