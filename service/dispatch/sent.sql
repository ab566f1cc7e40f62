-- Mails that were sent, for who hears of them later. The intent is looked for, not the outcome: a report may come first.

-- name: sent(workspace_id, send_ids)^
-- The first of these sends that there is, and whose lead it was sent to.
SELECT r.workspace_id, r.lead_id, r.campaign_id, r.person_id,
       (e.payload ->> 'sender_id')::uuid AS sender_id, (e.payload ->> 'send_id')::uuid AS send_id
FROM unnest(:send_ids::text[]) WITH ORDINALITY AS t (send_id, place)
JOIN events AS e
  ON e.workspace_id = :workspace_id AND e.type = 'send-intended' AND e.payload ->> 'send_id' = t.send_id
JOIN roster AS r ON r.workspace_id = e.workspace_id AND r.lead_id = substr(e.stream, length('lead-') + 1)::uuid
ORDER BY t.place
LIMIT 1;

-- name: latest_to(workspace_id, sender_id, person_id, at)^
-- The latest send through the sender account to the person, begun at that moment or before.
SELECT r.workspace_id, r.lead_id, r.campaign_id, r.person_id,
       (e.payload ->> 'sender_id')::uuid AS sender_id, (e.payload ->> 'send_id')::uuid AS send_id
FROM roster AS r
JOIN events AS e
  ON e.workspace_id = r.workspace_id AND e.stream = 'lead-' || r.lead_id AND e.type = 'send-intended'
WHERE r.workspace_id = :workspace_id
  AND r.person_id = :person_id
  AND e.payload ->> 'sender_id' = :sender_id
  AND e.recorded_at <= :at
ORDER BY e.recorded_at DESC
LIMIT 1;
