-- Gates: what a claim looks at before it takes anything. Written in the transaction of the event that changes them.

-- name: hold_campaign(workspace_id, campaign_id)$
-- Claims lock gates before stream heads; whoever changes a campaign does the same, or the two could wait for each other.
SELECT true FROM dispatch_campaigns
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
FOR NO KEY UPDATE;

-- name: set_campaign(workspace_id, campaign_id, status, epoch, operating_hours, daily_limit)!
-- Open, close or change the gate of a campaign. New hours or limits count at once, so the next look is now.
INSERT INTO dispatch_campaigns (workspace_id, campaign_id, status, epoch, operating_hours, daily_limit)
VALUES (:workspace_id, :campaign_id, :status, :epoch, :operating_hours, :daily_limit)
ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET
    status = excluded.status,
    epoch = excluded.epoch,
    operating_hours = excluded.operating_hours,
    daily_limit = excluded.daily_limit,
    next_free_at = 'epoch';

-- name: set_lanes(workspace_id, campaign_id, sender_ids, daily_limits)!
-- One lane for each sender of the campaign, with the account's own limit in it.
INSERT INTO dispatch_lanes (workspace_id, sender_id, campaign_id, daily_limit)
SELECT :workspace_id, sender_id, :campaign_id, daily_limit
FROM unnest(:sender_ids::uuid[], :daily_limits::integer[]) AS given (sender_id, daily_limit)
ON CONFLICT (workspace_id, sender_id, campaign_id) DO UPDATE SET
    daily_limit = excluded.daily_limit,
    next_free_at = 'epoch';

-- name: set_sender(workspace_id, sender_id, slot, usable, daily_limit, now)!
-- Open or close the gate of a sender account.
INSERT INTO dispatch_senders (workspace_id, sender_id, slot, usable, daily_limit)
VALUES (:workspace_id, :sender_id, :slot, :usable, :daily_limit)
ON CONFLICT (workspace_id, sender_id) DO UPDATE SET
    usable = excluded.usable,
    daily_limit = excluded.daily_limit,
    next_free_at = least(dispatch_senders.next_free_at, :now);

-- name: something_left(workspace_id, campaign_id)$
-- Whether any lead of the campaign has something left to do.
SELECT EXISTS (SELECT FROM dispatch_due WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id);

-- name: in_flight(workspace_id, campaign_id)$
-- How many sends of the campaign were handed to a provider and have no outcome yet.
SELECT count(*) FROM dispatch_due
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND worker_id IS NOT NULL;

-- name: withdraw(workspace_id, campaign_id)!
-- A launch is rolled back: its leads have nothing due any more, and none is left out.
WITH gone AS (
    DELETE FROM dispatch_due WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
)
UPDATE roster SET skipped = NULL
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND skipped IS NOT NULL;
