-- The launches that drafts wait for.

-- name: set_schedule(workspace_id, campaign_id, launch_at)!
-- The draft is to be launched then.
INSERT INTO scheduled_launches (workspace_id, campaign_id, launch_at, try_at)
VALUES (:workspace_id, :campaign_id, :launch_at, :launch_at)
ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET
    launch_at = excluded.launch_at, try_at = excluded.try_at, tried_since = NULL;

-- name: clear_schedule(workspace_id, campaign_id)!
DELETE FROM scheduled_launches WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id;

-- name: take_due(now, try_again_at)^
-- The launch that is due the longest, over all workspaces; nobody else takes it before `try_again_at`.
UPDATE scheduled_launches AS s SET try_at = :try_again_at, tried_since = coalesce(s.tried_since, :now)
FROM (
    SELECT workspace_id, campaign_id FROM scheduled_launches
    WHERE try_at <= :now
    ORDER BY try_at
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
) AS due
WHERE s.workspace_id = due.workspace_id AND s.campaign_id = due.campaign_id
RETURNING s.workspace_id, s.campaign_id, s.launch_at, s.tried_since;
