-- Unsubscribing: whose mail it was, and what else is to be sent to them.

-- name: person_of(workspace_id, lead_id)$
SELECT person_id FROM roster WHERE workspace_id = :workspace_id AND lead_id = :lead_id;

-- name: hold_leads(workspace_id, person_id)
-- The due rows of the person's leads, locked in the order in which everybody locks them.
SELECT d.lead_id, d.worker_id IS NOT NULL AS in_flight
FROM roster AS r
JOIN dispatch_due AS d ON d.workspace_id = r.workspace_id AND d.lead_id = r.lead_id
WHERE r.workspace_id = :workspace_id AND r.person_id = :person_id
ORDER BY d.workspace_id, d.lead_id
FOR UPDATE OF d;
