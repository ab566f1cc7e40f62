-- Who must not be written to any more.

-- name: suppress(workspace_ids, person_ids, reason)
-- Suppress people; answers those who were not yet, for this reason. In one order, so that nobody waits in a ring.
INSERT INTO dispatch_suppressed (workspace_id, person_id, reason)
SELECT DISTINCT p.workspace_id, p.person_id, :reason
FROM unnest(:workspace_ids::uuid[], :person_ids::uuid[]) AS p (workspace_id, person_id)
ORDER BY p.workspace_id, p.person_id
ON CONFLICT DO NOTHING
RETURNING workspace_id, person_id;

-- name: unsubscribed(workspace_ids, person_ids)
-- Those of the people who have unsubscribed.
SELECT s.workspace_id, s.person_id
FROM unnest(:workspace_ids::uuid[], :person_ids::uuid[]) AS p (workspace_id, person_id)
JOIN dispatch_suppressed AS s ON s.workspace_id = p.workspace_id AND s.person_id = p.person_id
WHERE s.reason = 'unsubscribed';
