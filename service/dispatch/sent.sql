-- Mails that were sent, for who hears of them later. The intent is looked for, not the outcome: a report may come first.

-- name: sent(workspace_id, send_ids)^
-- The first of these sends that there is, and whose lead it was sent to. OFFSET 0: one look for each, whatever the planner
-- thinks of expressions.
SELECT r.workspace_id, r.lead_id, r.campaign_id, r.person_id,
       (e.payload ->> 'sender_id')::uuid AS sender_id, (e.payload ->> 'send_id')::uuid AS send_id
FROM unnest(:send_ids::text[]) WITH ORDINALITY AS t (send_id, place)
CROSS JOIN LATERAL (
    SELECT stream, payload FROM events
    WHERE workspace_id = :workspace_id AND type = 'send-intended' AND payload ->> 'send_id' = t.send_id
    OFFSET 0
) AS e
CROSS JOIN LATERAL (
    SELECT workspace_id, lead_id, campaign_id, person_id FROM roster
    WHERE workspace_id = :workspace_id AND lead_id = substr(e.stream, length('lead-') + 1)::uuid
    OFFSET 0
) AS r
ORDER BY t.place
LIMIT 1;

-- name: latest_to(workspace_id, sender_id, person_id, at)^
-- The latest send through the sender account to the person, begun at that moment or before: in the history of each lead of
-- the person (OFFSET 0 and IS TRUE keep it so), not among all that the workspace sent.
SELECT r.workspace_id, r.lead_id, r.campaign_id, r.person_id,
       (e.payload ->> 'sender_id')::uuid AS sender_id, (e.payload ->> 'send_id')::uuid AS send_id
FROM roster AS r
CROSS JOIN LATERAL (
    SELECT recorded_at, payload FROM events
    WHERE workspace_id = :workspace_id AND stream = 'lead-' || r.lead_id AND (type = 'send-intended') IS TRUE
    OFFSET 0
) AS e
WHERE r.workspace_id = :workspace_id
  AND r.person_id = :person_id
  AND e.payload ->> 'sender_id' = :sender_id
  AND e.recorded_at <= :at
ORDER BY e.recorded_at DESC
LIMIT 1;
