-- Who must not be written to any more.

-- name: suppress(workspace_ids, person_ids, reason)
-- Suppress people; answers those who were not yet, for this reason. In one order, so that nobody waits in a ring.
INSERT INTO dispatch_suppressed (workspace_id, person_id, reason)
SELECT DISTINCT p.workspace_id, p.person_id, :reason
FROM unnest(:workspace_ids::uuid[], :person_ids::uuid[]) AS p (workspace_id, person_id)
ORDER BY p.workspace_id, p.person_id
ON CONFLICT DO NOTHING
RETURNING workspace_id, person_id;

-- name: unwanted(workspace_ids, person_ids, reasons)
-- Those of the people who are suppressed for one of the reasons, each with the first of them that applies.
SELECT DISTINCT ON (s.workspace_id, s.person_id) s.workspace_id, s.person_id, s.reason
FROM unnest(:workspace_ids::uuid[], :person_ids::uuid[]) AS p (workspace_id, person_id)
JOIN dispatch_suppressed AS s ON s.workspace_id = p.workspace_id AND s.person_id = p.person_id
WHERE s.reason = ANY (:reasons::text[])
ORDER BY s.workspace_id, s.person_id, array_position(:reasons::text[], s.reason);

-- name: hold_reasons(workspace_id, person_id)
-- Why the person is suppressed, locked.
SELECT reason FROM dispatch_suppressed
WHERE workspace_id = :workspace_id AND person_id = :person_id
ORDER BY reason
FOR UPDATE;

-- name: lift(workspace_id, person_id, reasons)!
DELETE FROM dispatch_suppressed
WHERE workspace_id = :workspace_id AND person_id = :person_id AND reason = ANY (:reasons::text[]);
