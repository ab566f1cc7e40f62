-- What the planner believes to know of workspaces misleads it. Statistics name the workspaces of yesterday; of any other it
-- expects next to nothing, takes all indexes that begin with the workspace for equally good, and picks one that reads all
-- the workspace has for each row asked for. Without statistics of the column it expects of every workspace the same share
-- of a table, and an index that names more than the workspace is always better (tests/service/test_plans.py).
--
-- ANALYZE leaves what it collected before: setting the type, though it is the same, is how to be rid of that. It looks
-- through the table once, 10 s for ten million events. The audit's tables each have one index that begins with
-- the workspace, so that there is nothing to choose, and triggers in the way.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'liftoff'::regnamespace AND c.relkind = 'r' AND a.attname = 'workspace_id'
          AND c.relname NOT LIKE 'audit\_%'
        ORDER BY c.relname
    LOOP
        EXECUTE format(
            'ALTER TABLE %I ALTER COLUMN workspace_id SET STATISTICS 0, ALTER COLUMN workspace_id TYPE uuid', name
        );
    END LOOP;
END
$$;
