-- Which identity is connected by which sender account.

-- name: claim_identity(workspace_id, channel, identity_digest, sender_id, account_digest)$
-- The identity is this account's from now on; answers nothing when another account has it.
INSERT INTO sender_identities (workspace_id, channel, identity_digest, sender_id, account_digest)
VALUES (:workspace_id, :channel, :identity_digest, :sender_id, :account_digest)
ON CONFLICT (workspace_id, channel, identity_digest) DO NOTHING
RETURNING true;

-- name: release_identity(workspace_id, sender_id)!
DELETE FROM sender_identities WHERE workspace_id = :workspace_id AND sender_id = :sender_id;

-- name: place_inbox(workspace_id, sender_id, inbox_id)!
-- The sender account reads this inbox from now on; who reads another one of it finds its lease gone.
INSERT INTO inbox_readings AS known (workspace_id, sender_id, inbox_id)
VALUES (:workspace_id, :sender_id, :inbox_id)
ON CONFLICT (workspace_id, sender_id) DO UPDATE SET
    inbox_id = excluded.inbox_id, readable = true, uid_validity = NULL, last_uid = 0, failures = 0,
    look_at = 'epoch', reader_id = NULL, leased_until = 'epoch'
WHERE known.inbox_id <> excluded.inbox_id;

-- name: connected_by(account_digest)
-- The sender accounts that connect a mailbox or an account of the LinkedIn provider: one of a workspace at most.
SELECT workspace_id, sender_id FROM sender_identities WHERE account_digest = :account_digest
ORDER BY workspace_id;
