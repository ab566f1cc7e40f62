-- The rolling limits of sender accounts, for the actions that have one.

-- name: limits(workspace_ids, sender_ids)
-- The rolling limits of those senders; who holds the lock on a sender is the only one to use them up.
SELECT q.workspace_id, q.sender_id, q.action, q.weekly_limit, q.next_free_at
FROM unnest(:workspace_ids::uuid[], :sender_ids::uuid[]) AS s (workspace_id, sender_id)
JOIN dispatch_quotas AS q ON q.workspace_id = s.workspace_id AND q.sender_id = s.sender_id;

-- name: hours(workspace_ids, sender_ids)
-- What was done under those limits, by the hour.
SELECT h.workspace_id, h.sender_id, h.action, h.hour, h.n
FROM unnest(:workspace_ids::uuid[], :sender_ids::uuid[]) AS s (workspace_id, sender_id)
JOIN dispatch_quota_hours AS h ON h.workspace_id = s.workspace_id AND h.sender_id = s.sender_id;

-- name: close_used_up(workspace_ids, sender_ids, actions, free_ats)!
-- Nothing is claimed under these limits before the times given.
UPDATE dispatch_quotas AS q SET next_free_at = t.free_at
FROM unnest(:workspace_ids::uuid[], :sender_ids::uuid[], :actions::text[], :free_ats::timestamptz[])
     AS t (workspace_id, sender_id, action, free_at)
WHERE q.workspace_id = t.workspace_id AND q.sender_id = t.sender_id AND q.action = t.action;

-- name: count(workspace_ids, sender_ids, actions, hour, counts)!
-- What this hour has seen by now.
INSERT INTO dispatch_quota_hours (workspace_id, sender_id, action, hour, n)
SELECT t.workspace_id, t.sender_id, t.action, :hour, t.n
FROM unnest(:workspace_ids::uuid[], :sender_ids::uuid[], :actions::text[], :counts::integer[])
     AS t (workspace_id, sender_id, action, n)
ON CONFLICT (workspace_id, sender_id, action, hour) DO UPDATE SET n = excluded.n;

-- name: set(workspace_id, sender_id, actions, weekly_limits)!
-- The rolling limits of a sender account. A new limit counts at once: the next claim sees what is left of it.
INSERT INTO dispatch_quotas (workspace_id, sender_id, action, weekly_limit)
SELECT :workspace_id, :sender_id, given.action, given.weekly_limit
FROM unnest(:actions::text[], :weekly_limits::integer[]) AS given (action, weekly_limit)
ON CONFLICT (workspace_id, sender_id, action) DO UPDATE SET
    weekly_limit = excluded.weekly_limit,
    next_free_at = CASE
        WHEN dispatch_quotas.weekly_limit = excluded.weekly_limit THEN dispatch_quotas.next_free_at
        ELSE 'epoch'
    END;

-- name: close(workspace_ids, sender_ids, actions, until)!
-- A provider lets these senders do no more of an action for a while, whatever our own limits say.
UPDATE dispatch_quotas AS q SET next_free_at = greatest(q.next_free_at, :until)
FROM unnest(:workspace_ids::uuid[], :sender_ids::uuid[], :actions::text[]) AS t (workspace_id, sender_id, action)
WHERE q.workspace_id = t.workspace_id AND q.sender_id = t.sender_id AND q.action = t.action;

-- name: forget(before)!
-- Hours that no limit looks back to any more.
DELETE FROM dispatch_quota_hours WHERE hour < :before;
