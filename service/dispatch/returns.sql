-- Returns: mails that come back after a server had taken them over.

-- name: hold_lead(workspace_id, lead_id)$
-- Whether the lead is in flight, its due row locked; nothing if nothing is due to it.
SELECT worker_id IS NOT NULL FROM dispatch_due WHERE workspace_id = :workspace_id AND lead_id = :lead_id
FOR UPDATE;
