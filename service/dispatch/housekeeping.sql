-- Housekeeping: finding what nobody else comes back to. Over all workspaces; each answer names the workspace.

-- name: beat(worker_id, now)!
INSERT INTO dispatch_workers (worker_id, beat_at) VALUES (:worker_id, :now)
ON CONFLICT (worker_id) DO UPDATE SET beat_at = excluded.beat_at;

-- name: leave(worker_id)!
DELETE FROM dispatch_workers AS w WHERE worker_id = :worker_id
AND NOT EXISTS (SELECT FROM dispatch_due AS d WHERE d.worker_id = w.worker_id);

-- name: last_beat()$
SELECT max(beat_at) FROM dispatch_workers;

-- name: lost_sends(beat_before, at_most)
-- Sends in flight with a worker that shows no sign of life, locked. Who has any in flight is found by one look into the
-- index for each worker, whatever else is due. MATERIALIZED, so that nothing of a living worker is locked.
WITH RECURSIVE busy AS (
    (SELECT worker_id FROM dispatch_due WHERE worker_id IS NOT NULL ORDER BY worker_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.worker_id FROM dispatch_due AS d WHERE d.worker_id > busy.worker_id ORDER BY d.worker_id LIMIT 1)
    FROM busy WHERE busy.worker_id IS NOT NULL
), dead AS MATERIALIZED (
    SELECT busy.worker_id FROM busy
    WHERE busy.worker_id IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM dispatch_workers AS w WHERE w.worker_id = busy.worker_id AND w.beat_at >= :beat_before
      )
)
SELECT
    d.workspace_id, d.lead_id, d.campaign_id, d.sender_id, d.person_id, d.document_id, d.node_id, d.due_at, d.task,
    d.send_id, c.epoch
FROM dead
CROSS JOIN LATERAL (
    SELECT * FROM dispatch_due AS due
    WHERE due.worker_id = dead.worker_id
    ORDER BY due.workspace_id, due.lead_id
    LIMIT :at_most
    FOR UPDATE SKIP LOCKED
) AS d
JOIN dispatch_campaigns AS c ON c.workspace_id = d.workspace_id AND c.campaign_id = d.campaign_id
LIMIT :at_most;

-- name: forget_workers(beat_before)!
DELETE FROM dispatch_workers AS w
WHERE w.beat_at < :beat_before
  AND NOT EXISTS (SELECT FROM dispatch_due AS d WHERE d.worker_id = w.worker_id OFFSET 0);

-- name: done_campaigns()
-- Active campaigns in which no lead has anything left to do. OFFSET keeps it at two looks into an index for each: joined,
-- all that is due would be read.
SELECT c.workspace_id, c.campaign_id FROM dispatch_campaigns AS c
WHERE c.status = 'active'
  AND NOT EXISTS (
      SELECT FROM dispatch_due AS d
      WHERE d.workspace_id = c.workspace_id AND d.campaign_id = c.campaign_id AND d.worker_id IS NULL
      OFFSET 0
  )
  AND NOT EXISTS (
      SELECT FROM dispatch_due AS d
      WHERE d.workspace_id = c.workspace_id AND d.campaign_id = c.campaign_id AND d.worker_id IS NOT NULL
      OFFSET 0
  );

-- name: launching_campaigns()
SELECT workspace_id, campaign_id FROM dispatch_campaigns WHERE status = 'launching';

-- name: ended_campaigns()
-- Stopped or completed campaigns with leads that still have something due. A trace is looked for all the same: what was
-- handed over before is accounted for. OFFSET as above.
SELECT c.workspace_id, c.campaign_id FROM dispatch_campaigns AS c
WHERE c.status IN ('stopped', 'completed', 'archived')
  AND EXISTS (
      SELECT FROM dispatch_due AS d
      WHERE d.workspace_id = c.workspace_id AND d.campaign_id = c.campaign_id
        AND d.worker_id IS NULL AND d.task <> 'trace'
      OFFSET 0
  );

-- name: leftovers(workspace_id, campaign_id, at_most)
-- Leads of an ended campaign that are not in flight, locked.
SELECT lead_id FROM dispatch_due
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND worker_id IS NULL AND task <> 'trace'
ORDER BY lead_id
LIMIT :at_most
FOR UPDATE SKIP LOCKED;
