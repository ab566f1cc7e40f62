-- name: try-lock(key)$
-- Polled, for a session that waits inside a blocking lock would hold up CREATE INDEX CONCURRENTLY for ever.
SELECT pg_try_advisory_lock(:key);

-- name: unlock(key)$
SELECT pg_advisory_unlock(:key);

-- name: prepare()#
-- What the numbered files and the application's sessions rely on.

-- Roles belong to the whole server: another database may have made it already, or be making it at this moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'liftoff_app') THEN
        CREATE ROLE liftoff_app NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        RAISE DEBUG 'role liftoff_app was made by someone else just now';
END
$$;

-- Who connects must be able to act as the application: tried, as no function of all versions answers that.
DO $$
BEGIN
    SET LOCAL ROLE liftoff_app;
    RESET ROLE;
EXCEPTION
    WHEN insufficient_privilege THEN
        EXECUTE format('GRANT liftoff_app TO %I', session_user);
END
$$;

CREATE SCHEMA IF NOT EXISTS liftoff;
GRANT USAGE ON SCHEMA liftoff TO liftoff_app;

CREATE TABLE IF NOT EXISTS liftoff.migrations (
    number      integer     PRIMARY KEY,
    name        text        NOT NULL,
    checksum    text        NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
);
-- The service reads it to say whether it is ready.
GRANT SELECT ON liftoff.migrations TO liftoff_app;

-- name: find-applied()
SELECT number, name, checksum FROM liftoff.migrations ORDER BY number;

-- name: record-applied(number, name, checksum)!
INSERT INTO liftoff.migrations (number, name, checksum) VALUES (:number, :name, :checksum);
