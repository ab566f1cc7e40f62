-- Why a campaign is sending or is not: what claims would look at. Nothing is locked.

-- name: gate(workspace_id, campaign_id)^
-- The gate of a launched campaign.
SELECT operating_hours, daily_limit, day, sent_today, next_free_at FROM dispatch_campaigns
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id;

-- name: senders(workspace_id, campaign_id)
-- The sender accounts of the campaign, as their gates have them.
SELECT s.sender_id, s.usable, s.daily_limit, s.day, s.sent_today, s.next_free_at
FROM dispatch_lanes AS l
JOIN dispatch_senders AS s ON s.workspace_id = l.workspace_id AND s.sender_id = l.sender_id
WHERE l.workspace_id = :workspace_id AND l.campaign_id = :campaign_id;

-- name: lanes(workspace_id, campaign_id)
SELECT sender_id, daily_limit, day, sent_today, next_free_at FROM dispatch_lanes
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id;

-- name: waiting(workspace_id, campaign_id)
-- For each sender account and task, when the first lead is due that is not in flight.
SELECT l.sender_id, a.task, first.due_at
FROM dispatch_lanes AS l
CROSS JOIN unnest(ARRAY['email', 'connection_request', 'message', 'time_out', 'trace']) AS a (task)
CROSS JOIN LATERAL (
    SELECT d.due_at FROM dispatch_due AS d
    WHERE d.workspace_id = l.workspace_id
      AND d.campaign_id = l.campaign_id
      AND d.sender_id = l.sender_id
      AND d.task = a.task
      AND d.worker_id IS NULL
    ORDER BY d.due_at
    LIMIT 1
) AS first
WHERE l.workspace_id = :workspace_id AND l.campaign_id = :campaign_id;

-- name: in_flight(workspace_id, campaign_id)
-- The sender accounts that have sends in flight.
SELECT DISTINCT sender_id FROM dispatch_due
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND worker_id IS NOT NULL;

-- name: last_beat()$
-- The last sign of life of any worker.
SELECT max(beat_at) FROM dispatch_workers;
