-- The background run of each launch attempt.

-- name: announce(workspace_id, campaign_id, epoch)!
INSERT INTO launch_runs (workspace_id, campaign_id, epoch) VALUES (:workspace_id, :campaign_id, :epoch);

-- name: take_up(workspace_id, campaign_id, epoch)$
-- A worker has the run in its hands, but has not begun: it has given no sign of life. Answers nothing from the second time
-- on, nor for a run that has begun.
UPDATE launch_runs SET beat_at = 'epoch'
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND epoch = :epoch AND beat_at IS NULL
RETURNING true;

-- name: beat(workspace_id, campaign_id, epoch, now)!
UPDATE launch_runs SET beat_at = :now
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND epoch = :epoch;

-- name: withdraw(workspace_id, campaign_id, epoch)!
-- Its launch is rolled back. Waits for the leads that it is just enrolling.
DELETE FROM launch_runs WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND epoch = :epoch;

-- name: last_beat(workspace_id, campaign_id, epoch)$
SELECT beat_at FROM launch_runs
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND epoch = :epoch;

-- name: advance(workspace_id, campaign_id, epoch, before, before_through, after, after_through)$
-- Where the run has come to, unless it was elsewhere before. The row is locked until the transaction ends: of two workers
-- that have taken up one run, one enrols at a time, and each goes on where the other has come to.
UPDATE launch_runs SET enrolled = :after, enrolled_through = :after_through
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND epoch = :epoch
  AND enrolled = :before AND enrolled_through = :before_through
RETURNING true;

-- name: progress(workspace_id, campaign_id, epoch)^
SELECT enrolled, enrolled_through FROM launch_runs
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND epoch = :epoch;
