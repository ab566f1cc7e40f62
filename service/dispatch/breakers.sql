-- The circuit breakers of sender accounts: how many of their sends have failed in a row.

-- name: begin(workspace_ids, sender_ids)!
-- Rows for senders that fail for the first time.
INSERT INTO dispatch_failures (workspace_id, sender_id, in_row)
SELECT t.workspace_id, t.sender_id, 0
FROM unnest(:workspace_ids::uuid[], :sender_ids::uuid[]) AS t (workspace_id, sender_id)
ORDER BY t.workspace_id, t.sender_id
ON CONFLICT (workspace_id, sender_id) DO NOTHING;

-- name: hold(workspace_ids, sender_ids)
-- The rows of these senders, locked in order of their ids, so that two who count never wait for each other.
SELECT f.workspace_id, f.sender_id, f.in_row FROM dispatch_failures AS f
WHERE (f.workspace_id, f.sender_id) IN (
    SELECT t.workspace_id, t.sender_id
    FROM unnest(:workspace_ids::uuid[], :sender_ids::uuid[]) AS t (workspace_id, sender_id)
)
ORDER BY f.workspace_id, f.sender_id
FOR UPDATE;

-- name: put(workspace_ids, sender_ids, in_rows)!
-- So many have failed in a row by now.
UPDATE dispatch_failures AS f SET in_row = t.in_row
FROM unnest(:workspace_ids::uuid[], :sender_ids::uuid[], :in_rows::integer[]) AS t (workspace_id, sender_id, in_row)
WHERE f.workspace_id = t.workspace_id AND f.sender_id = t.sender_id;

-- name: open_breakers(failures)
-- The senders that may still send although so many of their sends have failed in a row.
SELECT f.workspace_id, f.sender_id FROM dispatch_failures AS f
JOIN dispatch_senders AS s ON s.workspace_id = f.workspace_id AND s.sender_id = f.sender_id
WHERE f.in_row >= :failures AND s.usable;
