-- What an operator wants to know of a database that was set back, before sending goes on.

-- name: workspaces()
SELECT workspace_id, name FROM workspaces ORDER BY name;

-- name: campaigns(now)
-- The campaigns that go on: how many of their leads have a step that is due by now (it may have been done already, after
-- the point to which the database was set back), and how many sends were being handed over at that point.
SELECT c.workspace_id, c.campaign_id, c.status, waiting.due, taken.in_flight
  FROM dispatch_campaigns AS c
 CROSS JOIN LATERAL (
           SELECT count(*) AS due FROM dispatch_due AS d
            WHERE d.workspace_id = c.workspace_id AND d.campaign_id = c.campaign_id
              AND d.task IN ('email', 'connection_request', 'message') AND d.worker_id IS NULL AND d.due_at <= :now
       ) AS waiting
 CROSS JOIN LATERAL (
           SELECT count(*) AS in_flight FROM dispatch_due AS d
            WHERE d.workspace_id = c.workspace_id AND d.campaign_id = c.campaign_id
              AND d.task IN ('email', 'connection_request', 'message') AND d.worker_id IS NOT NULL
       ) AS taken
 WHERE c.status IN ('active', 'launching')
 ORDER BY c.workspace_id, c.campaign_id;
