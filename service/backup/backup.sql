-- Copying all of the database's tables out of it, and into an empty one.

-- name: tables()
-- Every table but the ledger of migrations, with its columns and the tables its foreign keys point to.
SELECT t.relname AS name,
       (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_attribute AS a
         WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT coalesce(array_agg(DISTINCT other.relname), '{}') FROM pg_constraint AS c
          JOIN pg_class AS other ON other.oid = c.confrelid
         WHERE c.contype = 'f' AND c.conrelid = t.oid AND c.confrelid <> t.oid) AS points_to
  FROM pg_class AS t
 WHERE t.relnamespace = 'liftoff'::regnamespace AND t.relkind = 'r' AND t.relname <> 'migrations'
 ORDER BY t.relname;

-- name: hold_tables()#
-- Nobody changes the shape of a table while it is copied.
DO $$
DECLARE
    held regclass;
BEGIN
    FOR held IN SELECT oid FROM pg_class WHERE relnamespace = 'liftoff'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('LOCK TABLE %s IN ACCESS SHARE MODE', held);
    END LOOP;
END
$$;

-- name: extent()^
-- How far the log goes in this snapshot.
SELECT count(*) AS events, coalesce(max(position), 0) AS position FROM events;

-- name: sealed_with()$
SELECT encode(fingerprint, 'hex') FROM vault_master_key;

-- name: sequences()
-- The values drawn last; sequences know no snapshots, so these may be later than the rows, which does no harm.
SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'liftoff' AND last_value IS NOT NULL;

-- name: has_schema()$
SELECT to_regclass('liftoff.workspaces') IS NOT NULL;

-- name: is_inhabited()$
-- Whether the schema is somebody's: without a workspace or an event nothing in it can matter to anybody.
SELECT EXISTS (SELECT FROM workspaces) OR EXISTS (SELECT FROM events);

-- name: drop_schema()!
DROP SCHEMA IF EXISTS liftoff CASCADE;

-- name: clear_seeds()#
-- Migrations put a row into some tables; the backup has its own.
DO $$
DECLARE
    seeded regclass;
    found  boolean;
BEGIN
    FOR seeded IN SELECT oid FROM pg_class
                   WHERE relnamespace = 'liftoff'::regnamespace AND relkind = 'r' AND relname <> 'migrations' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', seeded) INTO found;
        IF found THEN
            EXECUTE format('DELETE FROM %s', seeded);
        END IF;
    END LOOP;
END
$$;

-- name: set_sequence(name, last_value)$
SELECT setval(format('liftoff.%I', :name::text)::regclass, :last_value);
