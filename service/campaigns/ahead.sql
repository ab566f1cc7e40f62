-- What lies ahead of campaigns and of the senders they share: what a plan is simulated from. Nothing is locked.

-- name: senders_ahead(workspace_id, sender_ids)
-- The senders given, and all others that share an active campaign with one of these, however many campaigns are between
-- them: what one sends can leave less of a campaign's limit to another.
WITH RECURSIVE connected AS (
    SELECT given.sender_id FROM unnest(:sender_ids::uuid[]) AS given (sender_id)
    UNION
    SELECT other.sender_id
    FROM connected
    JOIN dispatch_lanes AS own ON own.workspace_id = :workspace_id AND own.sender_id = connected.sender_id
    JOIN dispatch_campaigns AS c
      ON c.workspace_id = own.workspace_id AND c.campaign_id = own.campaign_id AND c.status = 'active'
    JOIN dispatch_lanes AS other ON other.workspace_id = c.workspace_id AND other.campaign_id = c.campaign_id
)
SELECT s.sender_id, s.daily_limit, s.day, s.sent_today, s.next_free_at
FROM dispatch_senders AS s
JOIN connected USING (sender_id)
WHERE s.workspace_id = :workspace_id;

-- name: campaigns_ahead(workspace_id, sender_ids, campaign_id)
-- The active campaigns of those senders, and the one asked about, which may be paused.
SELECT c.campaign_id, c.operating_hours, c.daily_limit, c.day, c.sent_today, c.next_free_at
FROM dispatch_campaigns AS c
WHERE c.workspace_id = :workspace_id
  AND (c.status = 'active' OR c.status = 'paused' AND c.campaign_id = :campaign_id)
  AND EXISTS (
      SELECT FROM dispatch_lanes AS l
      WHERE l.workspace_id = c.workspace_id
        AND l.campaign_id = c.campaign_id
        AND l.sender_id = ANY (:sender_ids)
  );

-- name: lanes_ahead(workspace_id, campaign_ids)
-- The lanes of those campaigns.
SELECT campaign_id, sender_id, daily_limit, day, sent_today, next_free_at FROM dispatch_lanes
WHERE workspace_id = :workspace_id AND campaign_id = ANY (:campaign_ids);

-- name: leads_ahead(workspace_id, campaign_ids, now, at_most)
-- The leads of those campaigns that have something left to do, up to so many, the longest due first. What waits for a
-- person or for a trace was handed over, and is taken to be answered now. What waits and what a worker has each have an
-- index by campaign.
SELECT
    d.campaign_id, d.lead_id, d.sender_id, d.node_id,
    d.worker_id IS NOT NULL OR d.task IN ('time_out', 'trace') AS in_flight,
    CASE WHEN d.task IN ('time_out', 'trace') THEN least(d.due_at, :now) ELSE d.due_at END AS due_at
FROM (
    SELECT * FROM dispatch_due
    WHERE workspace_id = :workspace_id AND campaign_id = ANY (:campaign_ids) AND worker_id IS NULL
    UNION ALL
    SELECT * FROM dispatch_due
    WHERE workspace_id = :workspace_id AND campaign_id = ANY (:campaign_ids) AND worker_id IS NOT NULL
) AS d
JOIN dispatch_lanes AS l
  ON l.workspace_id = d.workspace_id AND l.sender_id = d.sender_id AND l.campaign_id = d.campaign_id
ORDER BY due_at
LIMIT :at_most;

-- name: standing(workspace_id, campaign_id)
-- How many leads of a campaign are to get which node next, those apart that are getting it at this moment.
SELECT d.node_id, d.worker_id IS NOT NULL OR d.task IN ('time_out', 'trace') AS in_flight, count(*) AS n
FROM (
    SELECT * FROM dispatch_due
    WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND worker_id IS NULL
    UNION ALL
    SELECT * FROM dispatch_due
    WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND worker_id IS NOT NULL
) AS d
JOIN dispatch_lanes AS l
  ON l.workspace_id = d.workspace_id AND l.sender_id = d.sender_id AND l.campaign_id = d.campaign_id
GROUP BY d.node_id, in_flight;
