-- Answers: whose leads somebody is who accepted an invitation or wrote back.

-- name: hold_leads(workspace_id, sender_id, person_id)
-- What is due to the person through the sender, locked in the order in which everybody locks due rows.
SELECT
    d.workspace_id, d.lead_id, d.campaign_id, d.sender_id, d.person_id, d.document_id, d.node_id, d.due_at, d.task,
    d.worker_id IS NOT NULL AS in_flight
FROM roster AS r
JOIN dispatch_due AS d ON d.workspace_id = r.workspace_id AND d.lead_id = r.lead_id AND d.sender_id = :sender_id
WHERE r.workspace_id = :workspace_id AND r.person_id = :person_id
ORDER BY d.workspace_id, d.lead_id
FOR UPDATE OF d;

-- name: leads_of(workspace_id, person_id)
-- All leads the person is, whatever became of them.
SELECT lead_id, campaign_id FROM roster WHERE workspace_id = :workspace_id AND person_id = :person_id;
