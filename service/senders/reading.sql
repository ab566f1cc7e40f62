-- Sender accounts for people to look at.

-- name: page(workspace_id, channel, before, size)
-- The newest accounts, of one channel or of all, those older than the one given. Ids are in order of time.
SELECT sender_id FROM sender_identities
WHERE workspace_id = :workspace_id
  AND (:channel::text IS NULL OR channel = :channel)
  AND (:before::uuid IS NULL OR sender_id < :before)
ORDER BY sender_id DESC
LIMIT :size;

-- name: sent_on(workspace_id, sender_ids, day)
-- How many sends a provider took over from each account on a day; an account without any is absent.
SELECT sender_id, n FROM sender_usage
WHERE workspace_id = :workspace_id AND sender_id = ANY (:sender_ids) AND day = :day;
