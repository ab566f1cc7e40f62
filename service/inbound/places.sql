-- Whose inbox was read how far, and who reads it now.

-- name: take(reader_id, now, until, at_most)
-- Inboxes whose turn it is and that nobody reads, the longest due first; they are this reader's until then.
UPDATE inbox_readings AS i SET reader_id = :reader_id, leased_until = :until
FROM (
    SELECT workspace_id, sender_id FROM inbox_readings
    WHERE readable AND look_at <= :now AND leased_until <= :now
    ORDER BY look_at
    LIMIT :at_most
    FOR UPDATE SKIP LOCKED
) AS t
WHERE i.workspace_id = t.workspace_id AND i.sender_id = t.sender_id
RETURNING i.workspace_id, i.sender_id, i.reader_id, i.inbox_id, i.uid_validity, i.last_uid, i.read_at;

-- name: is_anyone_waiting(now)$
-- Whether an inbox is due that nobody reads.
SELECT EXISTS (SELECT FROM inbox_readings WHERE readable AND look_at <= :now AND leased_until <= :now);

-- name: renew(workspace_id, sender_id, reader_id, now, until)$
-- All there was has been read, and the reader goes on until then; answers nothing if the inbox is not its any more.
UPDATE inbox_readings SET leased_until = :until, read_at = :now, failures = 0
WHERE workspace_id = :workspace_id AND sender_id = :sender_id AND reader_id = :reader_id
RETURNING true;

-- name: advance(workspace_id, sender_id, reader_id, uid_validity, last_uid, until)$
-- The messages up to this one had their effect, and the reader goes on until then; answers nothing if the inbox is not
-- its any more.
UPDATE inbox_readings SET uid_validity = :uid_validity, last_uid = :last_uid, leased_until = :until
WHERE workspace_id = :workspace_id AND sender_id = :sender_id AND reader_id = :reader_id
RETURNING true;

-- name: leave(workspace_id, sender_id, reader_id, look_at)!
-- The reader goes; the inbox is to be visited again then.
UPDATE inbox_readings SET reader_id = NULL, leased_until = 'epoch', look_at = :look_at
WHERE workspace_id = :workspace_id AND sender_id = :sender_id AND reader_id = :reader_id;

-- name: fail(workspace_id, sender_id, reader_id, now, first, longest)!
-- The visit failed; the inbox is visited again after a time that doubles with each failure in a row.
UPDATE inbox_readings SET
    reader_id = NULL, leased_until = 'epoch', failures = failures + 1,
    look_at = :now::timestamptz + least(:first::interval * 2 ^ least(failures, 20), :longest::interval)
WHERE workspace_id = :workspace_id AND sender_id = :sender_id AND reader_id = :reader_id;

-- name: give_up(workspace_id, sender_id, reader_id)!
-- The inbox has no IMAP; it is not visited until the sender account gets another one.
UPDATE inbox_readings SET reader_id = NULL, leased_until = 'epoch', readable = false
WHERE workspace_id = :workspace_id AND sender_id = :sender_id AND reader_id = :reader_id;
