-- The watch: leads that wait for a person, for a trace, or for their time to be over. Over all workspaces.

-- name: overdue(now, at_most)
-- Leads whose time to be connected is over, locked, the longest over first.
SELECT d.workspace_id, d.lead_id FROM dispatch_due AS d
WHERE d.worker_id IS NULL AND d.task = 'time_out' AND d.due_at <= :now
ORDER BY d.due_at
LIMIT :at_most
FOR UPDATE OF d SKIP LOCKED;

-- name: doubtful(now, at_most)
-- Leads a trace of whose send is to be looked for now, the longest due first.
SELECT
    d.workspace_id, d.lead_id, d.campaign_id, d.sender_id, d.person_id, d.document_id, d.node_id, d.due_at, d.task
FROM dispatch_due AS d
WHERE d.worker_id IS NULL AND d.task = 'trace' AND d.due_at <= :now
ORDER BY d.due_at
LIMIT :at_most;

-- name: still_doubtful(workspace_id, lead_id)$
-- Whether the lead is still to be traced; its row is locked then. IS TRUE: found by itself, not among all that is traced.
SELECT true FROM dispatch_due
WHERE workspace_id = :workspace_id AND lead_id = :lead_id AND (task = 'trace' AND worker_id IS NULL) IS TRUE
FOR UPDATE;

-- name: awaiting_senders(seen_before, at_most)
-- Senders people have been invited by and not answered, whose relations were not looked through lately. LIMIT and OFFSET keep
-- it at one look into the index for each lane: joined, all that is due would be read.
SELECT s.workspace_id, s.sender_id FROM dispatch_senders AS s
WHERE s.usable
  AND s.relations_seen_at <= :seen_before
  AND EXISTS (
      SELECT FROM dispatch_lanes AS l
      CROSS JOIN LATERAL (
          SELECT FROM dispatch_due AS due
          WHERE due.workspace_id = l.workspace_id
            AND due.campaign_id = l.campaign_id
            AND due.sender_id = l.sender_id
            AND due.task = 'time_out'
            AND due.worker_id IS NULL
          LIMIT 1
      ) AS d
      WHERE l.workspace_id = s.workspace_id AND l.sender_id = s.sender_id
      OFFSET 0
  )
ORDER BY s.relations_seen_at
LIMIT :at_most;

-- name: awaited(workspace_id, sender_id, person_ids)
-- Those of the people who have been invited by the sender and not answered.
SELECT DISTINCT d.person_id FROM dispatch_lanes AS l
JOIN dispatch_due AS d
  ON d.workspace_id = l.workspace_id AND d.campaign_id = l.campaign_id AND d.sender_id = l.sender_id
WHERE l.workspace_id = :workspace_id AND l.sender_id = :sender_id
  AND d.task = 'time_out' AND d.worker_id IS NULL AND d.person_id = ANY (:person_ids)
ORDER BY d.person_id;

-- name: relations_seen(workspace_id, sender_id, now)!
UPDATE dispatch_senders SET relations_seen_at = :now WHERE workspace_id = :workspace_id AND sender_id = :sender_id;
