-- Reconciling: mails of a sender whose outcome nobody knows.

-- name: unknown(workspace_id, sender_id, since, at_most)
-- Leads whose send through the sender account was lost lately, those lost last first.
SELECT lead_id, campaign_id, (open_send::json ->> 'send_id')::uuid AS send_id FROM leads
WHERE workspace_id = :workspace_id AND sender_id = :sender_id AND status = 'outcome_unknown'
  AND open_send IS NOT NULL AND updated_at >= :since
ORDER BY updated_at DESC
LIMIT :at_most;
