-- Unsubscribing, and ending what is to be sent to people: whose mail it was, and what else is to be sent to them.

-- name: person_of(workspace_id, lead_id)$
SELECT person_id FROM roster WHERE workspace_id = :workspace_id AND lead_id = :lead_id;

-- name: hold_leads(workspace_id, person_ids)
-- The due rows of the people's leads, locked in the order in which everybody locks them. Those of a launch in progress
-- are left to the claims: it may yet be rolled back, and then nothing was to be sent.
SELECT d.lead_id, d.worker_id IS NOT NULL AS in_flight
FROM roster AS r
JOIN dispatch_due AS d ON d.workspace_id = r.workspace_id AND d.lead_id = r.lead_id
JOIN dispatch_campaigns AS c ON c.workspace_id = d.workspace_id AND c.campaign_id = d.campaign_id
WHERE r.workspace_id = :workspace_id AND r.person_id = ANY (:person_ids::uuid[]) AND c.status <> 'launching'
ORDER BY d.workspace_id, d.lead_id
FOR UPDATE OF d;
