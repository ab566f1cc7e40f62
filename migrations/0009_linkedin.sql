-- The LinkedIn channel: which sender accounts an event of the provider is about, and which events were heard already.

-- The provider speaks of an account by its own id and knows nothing of workspaces. `account_digest` is a keyed digest of
-- that id, the same in every workspace: the one index without the workspace in front, for it is what tells the workspace.
ALTER TABLE sender_identities ADD COLUMN account_digest uuid;
CREATE INDEX sender_identities_by_account ON sender_identities (account_digest) WHERE account_digest IS NOT NULL;

-- Events of the provider that have had their effect, by a keyed digest of their id; written with the effect, and kept
-- longer than the provider repeats itself.
CREATE TABLE linkedin_events (
    workspace_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    event_digest uuid NOT NULL,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, sender_id, event_digest)
);
CREATE INDEX linkedin_events_by_time ON linkedin_events (workspace_id, heard_at);

GRANT SELECT, INSERT, DELETE ON linkedin_events TO liftoff_app;
