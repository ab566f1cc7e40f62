-- Which identity is connected by which sender account.

-- name: claim_identity(workspace_id, channel, identity_digest, sender_id, account_digest)$
-- The identity is this account's from now on; answers nothing when another account has it.
INSERT INTO sender_identities (workspace_id, channel, identity_digest, sender_id, account_digest)
VALUES (:workspace_id, :channel, :identity_digest, :sender_id, :account_digest)
ON CONFLICT (workspace_id, channel, identity_digest) DO NOTHING
RETURNING true;

-- name: release_identity(workspace_id, sender_id)!
DELETE FROM sender_identities WHERE workspace_id = :workspace_id AND sender_id = :sender_id;

-- name: connected_by(account_digest)
-- The sender accounts that connect a mailbox or an account of the LinkedIn provider: one of a workspace at most.
SELECT workspace_id, sender_id FROM sender_identities WHERE account_digest = :account_digest
ORDER BY workspace_id;
