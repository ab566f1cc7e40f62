-- The due table: the next action of every lead that is not terminal.

-- name: hold_due(workspace_ids, lead_ids)
-- Lock the leads' rows, in one order: to be done before their streams are written.
SELECT d.lead_id FROM dispatch_due AS d
JOIN unnest(:workspace_ids::uuid[], :lead_ids::uuid[]) AS t (workspace_id, lead_id)
  ON d.workspace_id = t.workspace_id AND d.lead_id = t.lead_id
ORDER BY d.workspace_id, d.lead_id
FOR UPDATE OF d;

-- name: plan_due(workspace_id, lead_id, campaign_id, sender_id, person_id, document_id, node_id, due_at, task)*!
-- The leads' next actions; they are in flight no longer. A lead whose row was dropped as lost gets one again.
INSERT INTO dispatch_due
    (workspace_id, lead_id, campaign_id, sender_id, person_id, document_id, node_id, due_at, task)
VALUES (:workspace_id, :lead_id, :campaign_id, :sender_id, :person_id, :document_id, :node_id, :due_at, :task)
ON CONFLICT (workspace_id, lead_id) DO UPDATE SET
    node_id = excluded.node_id, due_at = excluded.due_at, task = excluded.task, worker_id = NULL, send_id = NULL;

-- name: drop_due(workspace_ids, lead_ids)!
-- The leads have nothing due any more.
DELETE FROM dispatch_due AS d
USING unnest(:workspace_ids::uuid[], :lead_ids::uuid[]) AS t (workspace_id, lead_id)
WHERE d.workspace_id = t.workspace_id AND d.lead_id = t.lead_id;

