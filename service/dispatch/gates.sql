-- Gates: what a claim looks at before it takes anything. Written in the transaction of the event that changes them.

-- name: hold_campaign(workspace_id, campaign_id)$
-- Claims lock gates before stream heads; whoever changes a campaign does the same, or the two could wait for each other.
SELECT true FROM dispatch_campaigns
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id
FOR NO KEY UPDATE;

-- name: set_campaign(workspace_id, campaign_id, status, epoch, operating_hours, daily_limit, sender_ids, daily_limits, at_most)!
-- Open, close or change the gate of a campaign, with one lane for each of its senders and the account's own limit in it; a
-- removed account has none. New hours or limits count at once, so the next look is now; a limit that was none until now
-- counts what the lanes have sent on their latest day. `at_most` is the number of senders, for the planner.
WITH gate AS (
    INSERT INTO dispatch_campaigns (workspace_id, campaign_id, status, epoch, operating_hours, daily_limit)
    VALUES (:workspace_id, :campaign_id, :status, :epoch, :operating_hours, :daily_limit)
    ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET
        status = excluded.status,
        epoch = excluded.epoch,
        operating_hours = excluded.operating_hours,
        daily_limit = excluded.daily_limit,
        next_free_at = 'epoch',
        (day, sent_today) = (
            SELECT coalesce(max(l.day), 'epoch'), coalesce(sum(l.sent_today), 0)
            FROM dispatch_lanes AS l
            WHERE l.workspace_id = excluded.workspace_id
              AND l.campaign_id = excluded.campaign_id
              AND l.day = (
                  SELECT max(latest.day) FROM dispatch_lanes AS latest
                  WHERE latest.workspace_id = excluded.workspace_id AND latest.campaign_id = excluded.campaign_id
              )
        )
), gone AS (
    DELETE FROM dispatch_lanes
    WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND sender_id <> ALL (:sender_ids::uuid[])
)
INSERT INTO dispatch_lanes (workspace_id, sender_id, campaign_id, daily_limit)
SELECT s.workspace_id, s.sender_id, :campaign_id, given.daily_limit
FROM (
    SELECT * FROM unnest(:sender_ids::uuid[], :daily_limits::integer[]) LIMIT :at_most
) AS given (sender_id, daily_limit)
JOIN dispatch_senders AS s ON s.workspace_id = :workspace_id AND s.sender_id = given.sender_id
ON CONFLICT (workspace_id, sender_id, campaign_id) DO UPDATE SET
    daily_limit = excluded.daily_limit,
    next_free_at = 'epoch';

-- name: set_sender(workspace_id, sender_id, slot, usable, daily_limit, now)!
-- Open or close the gate of a sender account. A new limit counts at once, anything else leaves its pace alone.
INSERT INTO dispatch_senders (workspace_id, sender_id, slot, usable, daily_limit)
VALUES (:workspace_id, :sender_id, :slot, :usable, :daily_limit)
ON CONFLICT (workspace_id, sender_id) DO UPDATE SET
    usable = excluded.usable,
    daily_limit = excluded.daily_limit,
    next_free_at = CASE
        WHEN dispatch_senders.daily_limit = excluded.daily_limit THEN dispatch_senders.next_free_at
        ELSE least(dispatch_senders.next_free_at, :now)
    END;

-- name: forget_failures(workspace_id, sender_id)!
-- A sender account that could not be used is about to be usable again: what failed before counts no more.
DELETE FROM dispatch_failures AS f USING dispatch_senders AS s
WHERE f.workspace_id = :workspace_id
  AND f.sender_id = :sender_id
  AND s.workspace_id = f.workspace_id
  AND s.sender_id = f.sender_id
  AND NOT s.usable;

-- name: campaigns_sending(workspace_id, sender_id, in_operation)
-- The campaigns that can't do without the sender account now.
SELECT c.campaign_id FROM dispatch_lanes AS l
JOIN dispatch_campaigns AS c ON c.workspace_id = l.workspace_id AND c.campaign_id = l.campaign_id
WHERE l.workspace_id = :workspace_id
  AND l.sender_id = :sender_id
  AND c.status = ANY (:in_operation::text[])
ORDER BY c.campaign_id;

-- name: drop_idle_lanes(workspace_id, sender_id, in_operation)!
-- The lanes of a sender account in campaigns that send nothing (any more).
DELETE FROM dispatch_lanes AS l USING dispatch_campaigns AS c
WHERE l.workspace_id = :workspace_id
  AND l.sender_id = :sender_id
  AND c.workspace_id = l.workspace_id
  AND c.campaign_id = l.campaign_id
  AND c.status <> ALL (:in_operation::text[]);

-- name: drop_sender(workspace_id, sender_id)!
-- The sender account is removed. Fails while a lane needs it, also one that is just being made.
DELETE FROM dispatch_senders WHERE workspace_id = :workspace_id AND sender_id = :sender_id;

-- name: something_left(workspace_id, campaign_id)$
-- Whether any lead of the campaign has something left to do; what is in flight has an index of its own.
SELECT EXISTS (
    SELECT FROM dispatch_due
    WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND worker_id IS NULL
) OR EXISTS (
    SELECT FROM dispatch_due
    WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND worker_id IS NOT NULL
);

-- name: in_flight(workspace_id, campaign_id)$
-- How many sends of the campaign were handed to a provider and have no outcome yet.
SELECT count(*) FROM dispatch_due
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND worker_id IS NOT NULL;

-- name: withdraw(workspace_id, campaign_id)!
-- A launch is rolled back: its leads have nothing due any more, and none is left out.
-- What waits and what is in flight each has an index by campaign.
WITH waiting AS (
    DELETE FROM dispatch_due
    WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND worker_id IS NULL
), in_flight AS (
    DELETE FROM dispatch_due
    WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND worker_id IS NOT NULL
)
UPDATE roster SET skipped = NULL
WHERE workspace_id = :workspace_id AND campaign_id = :campaign_id AND skipped IS NOT NULL;
