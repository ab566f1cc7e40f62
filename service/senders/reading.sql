-- Sender accounts for people to look at.

-- name: page(workspace_id, channel, before, size)
-- The newest accounts, of one channel or of all, those older than the one given. Ids are in order of time.
SELECT sender_id FROM sender_identities
WHERE workspace_id = :workspace_id
  AND (:channel::text IS NULL OR channel = :channel)
  AND (:before::uuid IS NULL OR sender_id < :before)
ORDER BY sender_id DESC
LIMIT :size;

-- name: usage(workspace_id, sender_ids, today)
-- How much a provider took over from each account, today and on the seven days up to it; one without any is absent.
SELECT
    sender_id,
    coalesce(sum(n) FILTER (WHERE day = :today), 0)::bigint AS today_sent,
    coalesce(sum(n) FILTER (WHERE action = 'connection_request'), 0)::bigint AS weekly_connections_sent,
    coalesce(sum(n) FILTER (WHERE action = 'message'), 0)::bigint AS weekly_messages_sent
FROM sender_usage
WHERE workspace_id = :workspace_id AND sender_id = ANY (:sender_ids) AND day BETWEEN :today::date - 6 AND :today
GROUP BY sender_id;
