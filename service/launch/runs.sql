-- The background run of each launch attempt.

-- name: announce(workspace_id, campaign_id, epoch)!
INSERT INTO launch_runs (workspace_id, campaign_id, epoch) VALUES (:workspace_id, :campaign_id, :epoch);

-- name: beat(workspace_id, campaign_id, epoch, now)!
UPDATE launch_runs SET beat_at = :now
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND epoch = :epoch;

-- name: last_beat(workspace_id, campaign_id, epoch)$
SELECT beat_at FROM launch_runs
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND epoch = :epoch;

-- name: progress(workspace_id, campaign_id, epoch)^
SELECT enrolled, enrolled_through FROM launch_runs
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND epoch = :epoch;

-- name: advance(workspace_id, campaign_id, epoch, enrolled, enrolled_through)!
UPDATE launch_runs SET enrolled = :enrolled, enrolled_through = :enrolled_through
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND epoch = :epoch;
